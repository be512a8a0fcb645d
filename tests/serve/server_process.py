"""A server in a process of its own, with stand-ins for the work: what a test may kill."""

import sys
from pathlib import Path


def main() -> None:
    from stand_ins import stand_in  # beside this file, which is run by its path

    from emospot.serve import app, run
    from emospot.serve.settings import Settings

    built = app.build_app
    app.build_app = lambda settings: built(settings, stand_in)
    settings = Settings(
        data=Path(sys.argv[1]), port=0, spare_bytes=0, preload=False, jobs=2, queue=1000
    )
    run.serve(settings, lambda address: print(address, flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
