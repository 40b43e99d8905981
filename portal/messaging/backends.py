"""Who is signed in, with how many messages wait: every page's header says so."""

from django.contrib.auth.backends import ModelBackend
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from portal.accounts.models import User
from portal.messaging.models import Message

UNREAD = (
    Message.objects.unread()
    .filter(recipient=OuterRef("pk"))
    .order_by()
    .values("recipient")
    .annotate(number=Count("pk"))
    .values("number")
)


class WithUnread(ModelBackend):
    """Counts with the statement that every request makes anyway."""

    def get_user(self, user_id: int) -> User | None:
        users = User.objects.annotate(unread=Coalesce(Subquery(UNREAD), 0))
        user = users.filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
