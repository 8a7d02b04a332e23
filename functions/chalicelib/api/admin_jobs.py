"""admin_jobs: the calls under /v1/admin/jobs"""

from chalicelib.shared.http import Request, Response
from chalicelib.shared.job_reply import describe
from chalicelib.shared.json_body import fields, number, one_of
from chalicelib.shared.operators import dispatch, operation
from mcos import limits
from mcos.admin import jobs
from mcos.model.jobs import JobKind

_KIND = one_of(JobKind, JobKind.REBALANCE)


@operation("list_jobs")
def list_jobs(request: Request) -> Response:
    return Response.json(200, {"jobs": [describe(job) for job in jobs.list_jobs()]})


@operation("start_job")
def start_job(request: Request) -> Response:
    asked = fields(request, {"kind": _KIND}, {"rate": number})
    job = jobs.start_rebalance(rate=asked.get("rate", limits.JOB_RATE))
    return Response.json(202, describe(job))


@operation("get_job")
def get_job(request: Request) -> Response:
    return Response.json(200, describe(jobs.get_job(request.name("job"))))


@operation("stop_job")
def stop_job(request: Request) -> Response:
    return Response.json(200, describe(jobs.stop_job(request.name("job"))))


handle = dispatch(
    {
        ("GET", None): list_jobs,
        ("POST", None): start_job,
        ("GET", "job"): get_job,
        ("POST", "job"): stop_job,
    }
)
