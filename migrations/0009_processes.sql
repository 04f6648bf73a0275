-- The processes that serve this installation, and what is kept of refused messages so that they can be taken once more.
-- works from: 0008

-- Each process writes here every few seconds what it has seen of itself; `numbers` is how it did of late.
CREATE TABLE processes (
    id          uuid PRIMARY KEY,
    role        text NOT NULL CHECK (role IN ('all', 'web', 'worker')),
    host        text NOT NULL,
    pid         integer NOT NULL,
    version     text NOT NULL,
    started_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    stopped_at  timestamptz,
    numbers     jsonb NOT NULL
) WITH (fillfactor = 50);

-- What is needed to take a refused message once more: which call it was, whether it was history, and whether the body is
-- all of it. Those kept before this cannot be told apart, and count as cut.
ALTER TABLE rejections ADD COLUMN kind text, ADD COLUMN historical boolean NOT NULL DEFAULT false,
                       ADD COLUMN cut boolean NOT NULL DEFAULT true;
