"""The web page and the HTTP API: recordings come in, reports go out.

    request ──> guard ──> routes ──> uploads ──> job (SQLite row + folder)
                                                   │
                     events <── changes <── runner ┴──> child process: work

The server's own process reads requests and moves bytes; it never opens a recording. That is
done in `work`, by a process of its own for each job, with limits, which can be killed. A job
is accepted once its files and its row are on the disk, so that no kill loses it.

Nothing of the web framework is imported before a server is built (`app.build_app`).
"""
