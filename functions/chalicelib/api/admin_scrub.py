"""admin_scrub: the calls under /v1/admin/clusters/{cluster}/scrub"""

from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, flag, number
from chalicelib.shared.operators import dispatch, operation
from chalicelib.shared.scrub_reply import describe
from mcos.admin import scrubs

_WANTED = {"rate": number, "full": flag, "mass_repair": flag, "renew": flag}


@operation("get_scrub")
def get_scrub(request: Request) -> Response:
    run, waiting = scrubs.get_scrub(request.name("cluster"))
    return Response.json(200, {**describe(run), "repairs_waiting": waiting})


@operation("start_scrub")
def start_scrub(request: Request) -> Response:
    wanted = fields(request, optional=_WANTED)
    return Response.json(202, describe(scrubs.start_scrub(request.name("cluster"), **wanted)))


@operation("stop_scrub")
def stop_scrub(request: Request) -> Response:
    return Response.json(200, describe(scrubs.stop_scrub(request.name("cluster"))))


handle = dispatch(
    {
        ("GET", "cluster"): get_scrub,
        ("POST", "cluster"): start_scrub,
        ("DELETE", "cluster"): stop_scrub,
    }
)
