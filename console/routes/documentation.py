"""`/docs`: the description of the API for people, from files of this machine alone."""

from __future__ import annotations

from importlib.resources import as_file, files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

STATIC = "/docs/static"

# what a page may load is said by the server as well, should a later release of the pages want something from outside
_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'"
)


def add_documentation(app: FastAPI) -> None:
    """Serve the pages; the application must not serve its own, which load their parts from a CDN."""
    with as_file(files("fastapi_offline") / "static") as folder:
        app.mount(STATIC, StaticFiles(directory=folder), name="documentation")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=f"{app.title}: API",
            swagger_js_url=f"{STATIC}/swagger-ui-bundle.js",
            swagger_css_url=f"{STATIC}/swagger-ui.css",
            swagger_favicon_url=f"{STATIC}/favicon.png",
            swagger_ui_parameters={"validatorUrl": None, "defaultModelsExpandDepth": 0},
        )
        page.headers["Content-Security-Policy"] = _POLICY
        return page
