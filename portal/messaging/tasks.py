"""Background work of messages."""

from datetime import timedelta

from portal.jobs.models import Job
from portal.jobs.schedule import regularly
from portal.messaging import delivery
from portal.messaging.sending import URGENT


@regularly(URGENT, "补发紧急消息", every=timedelta(hours=1))
def send_urgent(job: Job) -> None:
    """Begun with each act that sends any; each hour for those that could not be sent."""
    delivery.send_urgent()


@regularly("digest", "邮件汇总", hour=18)
def send_digests(job: Job) -> None:
    delivery.send_digests()
