-- Where articles come from by themselves: feeds, and other databases.

create table feeds (
    id integer primary key generated always as identity,
    url text not null unique,
    topic text not null references topics,
    title text not null default '',
    titled_by_hand boolean not null default false,
    interval_minutes integer not null check (interval_minutes between 5 and 10080),
    status text not null default 'waiting' check (status in ('waiting', 'working', 'failing', 'gone')),
    problem text not null default '',
    etag text,
    last_modified text,
    next_poll_at timestamptz not null,
    not_before timestamptz,
    failures integer not null default 0,
    last_polled_at timestamptz,
    last_new integer not null default 0,
    claim uuid,
    claimed_until timestamptz,
    added_by uuid references accounts on delete set null,
    created_at timestamptz not null
);
comment on table feeds is 'RSS, Atom and JSON feeds that articles are taken from. claim fences a poll: only its holder may finish it. not_before is what the server asked for.';
create index feeds_due on feeds (next_poll_at) where status <> 'gone';
create index feeds_topic on feeds (topic);

create table article_links (
    key bytea primary key,
    article_id bigint not null references articles on delete cascade
);
comment on table article_links is 'What an article is known by beside its address: the SHA-256 of a link without tracking and spelling, or of a feed''s entry.';
create index article_links_article on article_links (article_id);

create table imports (
    fingerprint bytea primary key,
    source text not null,
    position text,
    started_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz
);
comment on table imports is 'How far the articles of another database were imported. position is the last row that was stored, null once all were.';
