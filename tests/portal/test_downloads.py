"""A kept file: whole, in part, and onwards from where a download broke off."""

import io

import pytest

from portal.accounts.models import Role
from portal.jobs.models import Job
from tests import cast

CONTENT = b"0123456789"


@pytest.fixture
def fetch(db, client):
    """Ask for a finished job's file with these headers."""
    owner = cast.make_user("owner", Role.PROVINCE)
    job = Job.objects.create(owner=owner, kind="test", title="测试", status=Job.Status.DONE)
    job.keep(io.BytesIO(CONTENT), "资料.zip")
    client.force_login(owner)

    def ask(method="get", **headers):
        return getattr(client, method)(f"/jobs/{job.pk}/file/", headers=headers)

    return ask


def test_without_a_range_the_whole_file_comes_and_says_that_parts_may_be_asked_for(fetch):
    response = fetch()
    assert (response.status_code, response.getvalue()) == (200, CONTENT)
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Length"] == "10"
    assert response["Content-Type"] == "application/zip"
    assert response["ETag"] == fetch()["ETag"]


@pytest.mark.parametrize(
    ("asked", "content", "where"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=3-5", b"345", "bytes 3-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-99", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-99", CONTENT, "bytes 0-9/10"),
    ],
)
def test_a_part_comes_alone_and_says_which_it_is(fetch, asked, content, where):
    response = fetch(range=asked)
    assert (response.status_code, response.getvalue()) == (206, content)
    assert response["Content-Range"] == where
    assert response["Content-Length"] == str(len(content))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_what_begins_behind_the_end_is_refused_with_the_size(fetch, asked):
    response = fetch(range=asked)
    assert (response.status_code, response.getvalue()) == (416, b"")
    assert response["Content-Range"] == "bytes */10"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,4-5", "bytes=5-3", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=٣-"]
)
def test_several_parts_and_nonsense_are_answered_with_the_whole_file(fetch, asked):
    response = fetch(range=asked)
    assert (response.status_code, response.getvalue()) == (200, CONTENT)


def test_a_download_goes_on_only_in_the_file_it_began_with(fetch):
    etag = fetch()["ETag"]
    assert fetch(range="bytes=7-", if_range=etag).getvalue() == b"789"
    for other in ('"other"', f"W/{etag}", "Sun, 22 Nov 2026 00:00:00 GMT"):
        response = fetch(range="bytes=70-", if_range=other)
        assert (response.status_code, response.getvalue()) == (200, CONTENT)


def test_head_tells_the_size_without_the_file(fetch):
    response = fetch("head", range="bytes=3-5")
    assert (response.status_code, response.getvalue()) == (200, b"")
    assert response["Content-Length"] == "10"
    assert response["Accept-Ranges"] == "bytes"
