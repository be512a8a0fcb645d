"""The API as its contract says, against a real server with quick stand-ins for the work."""

import json
import re
from datetime import datetime
from urllib.parse import unquote

import emospot
from emospot.report.analysis_files import FORMATS
from emospot.serve.app import STATIC

HEX = re.compile(r"^[0-9a-f]{32}$")
TALK = ("recording", "talk.txt", "ANNA: I am so happy!\n")


def test_a_recording_is_accepted_and_done(server):
    answer = server.post(TALK)
    assert answer.status == 202
    job = answer.json
    assert HEX.match(job["id"])
    assert answer.headers["Location"] == f"/analyses/{job['id']}"
    assert set(job) == {
        *("id", "name", "state", "stage", "share", "position", "created", "started"),
        *("finished", "expires", "error", "warnings", "links"),
    }
    assert (job["name"], job["started"], job["error"]) == ("talk.txt", None, "")
    assert server.ended(job["id"]).state == "done"
    done = server.ask("GET", f"/analyses/{job['id']}").json
    times = [datetime.fromisoformat(done[key]) for key in ("created", "started", "finished")]
    assert times == sorted(times)
    kept = datetime.fromisoformat(done["expires"]) - times[-1]
    assert kept.total_seconds() == 24 * 3600
    assert times[0].utcoffset().total_seconds() == 0
    assert done["warnings"] == ["one warning"]
    here = f"/analyses/{job['id']}"
    assert done["links"] == {
        "self": here,
        "events": f"{here}/events",
        "report": f"{here}/report",
        "analysis": f"{here}/analysis",
        "media": None,
        "cancel": f"{here}/cancel",
    }


def test_results(server, wav_bytes):
    job = server.post(("recording", "talk.wav", wav_bytes)).json["id"]
    server.ended(job)
    report = server.ask("GET", f"/analyses/{job}/report")
    assert (report.status, report.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policies = report.headers.get_all("Content-Security-Policy")
    assert policies == ["default-src 'none'; script-src 'sha256-abc='; frame-ancestors 'self'"]
    analysis = server.ask("GET", f"/analyses/{job}/analysis")
    assert analysis.headers["Content-Type"] == "application/json"
    assert analysis.json["recording"] == "talk.wav"
    media = server.ask("GET", f"/analyses/{job}/media")
    assert (media.status, media.body) == (200, wav_bytes)
    assert media.headers["Content-Type"] == "audio/wav"
    assert media.headers["Accept-Ranges"] == "bytes"


def test_the_folder_of_the_page_holds_nothing_else(server):
    assert server.ask("GET", "/static/app.js").status == 200
    endings = {path.suffix for path in STATIC.iterdir()}
    assert endings == {".js", ".css", ".html", ".svg"}
    assert server.ask("GET", "/static/.gitkeep").status == 404


def test_a_report_to_be_kept_plays_the_recording_by_its_name(server, wav_bytes):
    name = 'a "b" <c> & Ä.wav'
    job = server.post(("recording", name.replace('"', "%22"), wav_bytes)).json
    server.ended(job["id"])
    path = server.folder(job["id"]) / "report.html"
    page = '<audio id="player" controls src="./media" aria-label="x"></audio> src="./media"'
    path.write_text(page)
    kept = server.ask("GET", f"/analyses/{job['id']}/report?download=1")
    assert kept.status == 200
    said = kept.headers["Content-Disposition"]
    assert said.startswith('attachment; filename="a ')
    assert "; filename*=UTF-8''a%20" in said
    assert said.endswith(".html")
    text = kept.body.decode()
    address = text.partition('src="')[2].partition('"')[0]
    assert address.startswith("./")
    assert unquote(address[2:]) == job["name"]
    assert not set(address) & set("<>& '")
    assert text.count("./media") == 1  # what is no player is left
    assert server.ask("GET", f"/analyses/{job['id']}/report").body.decode() == page


def test_a_part_of_the_recording(server, wav_bytes):
    job = server.post(("recording", "talk.wav", wav_bytes)).json["id"]
    part = server.ask("GET", f"/analyses/{job}/media", Range="bytes=4-11")
    assert (part.status, part.body) == (206, wav_bytes[4:12])
    assert part.headers["Content-Range"] == f"bytes 4-11/{len(wav_bytes)}"
    assert server.ask("GET", f"/analyses/{job}/media", Range="bytes=99999-").status == 416


def test_exports_are_files(server):
    job = server.post(("recording", "Ännä.txt", "ANNA: hi\n")).json["id"]
    server.ended(job)
    for name, one in FORMATS.items():
        export = server.ask("GET", f"/analyses/{job}/exports/{name}")
        assert export.status == 200
        assert export.headers["Content-Type"].startswith(one.media_type.partition(";")[0])
        said = export.headers["Content-Disposition"]
        plain, named = (
            f'filename="Anna{one.ending}"',
            f"filename*=UTF-8''%C3%84nn%C3%A4{one.ending}",
        )
        assert said == f"attachment; {plain}; {named}"
    far = server.post(("recording", "日本.txt", "ANNA: hi\n")).json["id"]
    server.ended(far)
    said = server.ask("GET", f"/analyses/{far}/exports/srt").headers["Content-Disposition"]
    assert said.startswith('attachment; filename="recording.emotions.srt";')
    unknown = server.ask("GET", f"/analyses/{job}/exports/docx")
    assert unknown.status == 404
    assert 'no format "docx"' in unknown.error


def test_jobs_are_listed_newest_first_with_their_places(server):
    ids = [server.post(("recording", "slow.txt", "A: hi")).json["id"] for _ in range(3)]
    listed = server.ask("GET", "/analyses").json["analyses"]
    assert [job["id"] for job in listed] == ids[::-1]
    # One is at work; the others wait in order.
    assert server.client.job(ids[2]).position in (2, 3)
    for job in ids:
        server.client.delete(job)
    assert server.client.jobs() == []


def test_what_has_no_results_says_its_state(server):
    job = server.post(("recording", "slow.txt", "A: hi")).json["id"]
    for what in ("report", "analysis", "exports/srt"):
        answer = server.ask("GET", f"/analyses/{job}/{what}")
        assert answer.status == 409
        assert "once it is done" in answer.error
    server.client.cancel(job)
    assert "cancelled" in server.ask("GET", f"/analyses/{job}/report").error
    again = server.ask("POST", f"/analyses/{job}/cancel")
    assert (again.status, again.error) == (409, "the analysis has ended already (cancelled)")


def test_what_is_not_there(server):
    for path in ("/analyses/ff", "/analyses/..%2f..%2fetc", "/analyses/x/report", "/nothing"):
        answer = server.ask("GET", path)
        assert answer.status == 404
        assert answer.error
    assert server.ask("DELETE", "/analyses/ff").status == 404
    job = server.post(TALK).json["id"]
    media = server.ask("GET", f"/analyses/{job}/media")
    assert (media.status, "no recording" in media.error) == (404, True)
    assert server.ask("PUT", "/analyses").status == 405
    assert server.ask("GET", "/analyses/" + "x" * 100).status == 422


def test_deleting_removes_everything(server, wav_bytes):
    job = server.post(("recording", "talk.wav", wav_bytes)).json["id"]
    server.ended(job)
    assert (server.folder(job) / "recording.wav").is_file()
    answer = server.ask("DELETE", f"/analyses/{job}")
    assert (answer.status, answer.body) == (204, b"")
    assert not server.folder(job).exists()
    assert server.ask("GET", f"/analyses/{job}").status == 404


def test_models_and_health(server):
    models = {one["name"]: one for one in server.ask("GET", "/models").json["models"]}
    assert models["bundled-causal"]["causal"]
    assert not models["bundled"]["causal"]
    assert models["bundled"]["card"]["labels"]["labels"]
    health = server.ask("GET", "/health").json
    assert (health["status"], health["version"]) == ("ok", emospot.__version__)
    assert health["limits"]["upload_bytes"] == server.desk.settings.upload_bytes


def test_openapi_describes_every_route(server):
    described = server.ask("GET", "/openapi.json").json
    paths = described["paths"]
    begin = paths["/analyses"]["post"]
    form = begin["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"recording", "transcript", "model", "speakers"}
    assert {"202", "400", "401", "413", "415", "422", "429"} <= set(begin["responses"])
    # Every reference leads somewhere, and every answer in the contract is described.
    for found in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)):
        assert found in described["components"]["schemas"]
    for path in ("events", "report", "analysis", "media", "exports/{export_format}"):
        assert "200" in paths[f"/analyses/{{job_id}}/{path}"]["get"]["responses"]
    assert "409" in paths["/analyses/{job_id}/cancel"]["post"]["responses"]
    assert set(described["components"]["securitySchemes"]) == {"bearer", "cookie"}
