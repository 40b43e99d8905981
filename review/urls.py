from django.urls import path

from review.views import board, comments, exports, inbox, interests, province, reader, sending

app_name = "review"

urlpatterns = [
    path("applications/<int:pk>/", reader.reader, name="reader"),
    path("applications/<int:pk>/revisions/<int:number>/", reader.reader, name="revision"),
    path("applications/<int:pk>/revisions/<int:number>/book/", reader.book, name="book"),
    path("export/<slug:slug>/", exports.export, name="export"),
    # Bureau
    path("bureau/", inbox.inbox, name="inbox"),
    path("bureau/applications/<int:pk>/comments/<slug:section>/", comments.add, name="comment_add"),
    path("bureau/comments/<int:pk>/", comments.change, name="comment_change"),
    path("bureau/comments/<int:pk>/remove/", comments.remove, name="comment_remove"),
    path("bureau/applications/<int:pk>/interest/", interests.interest, name="interest"),
    path("bureau/applications/<int:pk>/<slug:verb>/", reader.decide, name="decide"),
    path("bureau/<slug:slug>/ranking/", board.board, name="board"),
    path("bureau/<slug:slug>/ranking/recommend/", board.recommend, name="recommend"),
    path("bureau/<slug:slug>/ranking/order/", board.reorder, name="reorder"),
    path("bureau/<slug:slug>/ranking/opinions/", board.opinions, name="opinions"),
    path("bureau/<slug:slug>/send/", sending.send, name="send"),
    # Province
    path("province/", province.cockpit, name="cockpit"),
    path("province/applications/", province.applications, name="applications"),
    path("province/summary/", province.summary_page, name="summary"),
    path("province/lists/<int:pk>/", province.ranked_list, name="ranked_list"),
    path("province/lists/<int:pk>/receive/", province.receive, name="receive"),
    path("province/lists/<int:pk>/return/", province.send_back, name="send_back"),
    path("province/rounds/", province.rounds, name="rounds"),
    path("province/rounds/<slug:slug>/publish/", province.publish, name="publish"),
    path("province/rounds/<slug:slug>/seat/", province.seat, name="seat"),
]
