-- The news articles that tests and sessions are answered from.

create table topics (
    name text primary key check (char_length(name) between 1 and 100),
    description text not null default ''
);
comment on table topics is 'A named part of the article database.';

create table articles (
    id bigint primary key generated always as identity,
    uri text not null unique,
    title text not null,
    summary text not null,
    body text,
    news_source text not null default '',
    publication_date timestamptz not null,
    topic text not null references topics,
    category text not null default '',
    sentiment text not null default '',
    future_signal text not null default '',
    time_to_impact text not null default '',
    driver_type text not null default '',
    tags text[] not null default '{}',
    bias text not null default '',
    factual_reporting text not null default '',
    content_hash bytea not null,
    updated_at timestamptz not null,
    words tsvector not null generated always as (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', summary), 'B')
        || setweight(to_tsvector('english', coalesce(body, '')), 'C')
    ) stored
);
comment on table articles is 'News articles with the fields Auspex keeps. content_hash is the SHA-256 of what a model is shown.';
create index articles_words on articles using gin (words);
create index articles_topic_date on articles (topic, publication_date desc);
create index articles_date on articles (publication_date desc);

create table retrievals (
    id uuid primary key,
    question text not null,
    topic text not null,
    article_limit integer not null,
    window_from timestamptz,
    window_to timestamptz,
    article_ids bigint[] not null,
    content_hashes bytea[] not null,
    created_at timestamptz not null,
    check (cardinality(article_ids) = cardinality(content_hashes))
);
comment on table retrievals is 'Articles found for one question, in rank order, frozen: tests that share a question, topic and window share one.';
create index retrievals_question on retrievals (md5(question), topic, created_at desc);

create table article_versions (
    article_id bigint not null,
    content_hash bytea not null,
    uri text not null,
    title text not null,
    summary text not null,
    body text,
    news_source text not null,
    publication_date timestamptz not null,
    topic text not null,
    sentiment text not null,
    primary key (article_id, content_hash)
);
comment on table article_versions is 'Articles as they were before a change or removal, so that a test can be rerun on what it saw.';

create function keep_article_version() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or new.content_hash <> old.content_hash then
        insert into article_versions
            (article_id, content_hash, uri, title, summary, body, news_source, publication_date, topic, sentiment)
        values
            (old.id, old.content_hash, old.uri, old.title, old.summary, old.body, old.news_source,
             old.publication_date, old.topic, old.sentiment)
        on conflict do nothing;
    end if;
    return null;
end $$;
create trigger articles_keep_version after update or delete on articles
    for each row execute function keep_article_version();

create table article_state (
    only_row boolean primary key default true check (only_row),
    version bigint not null
);
comment on table article_state is 'Counts changes of the articles: a retrieval made at the same version would find the same again.';
insert into article_state (version) values (1);

create function count_article_change() returns trigger language plpgsql as $$
begin
    update article_state set version = version + 1;
    return null;
end $$;
create trigger articles_count_change after insert or update or delete or truncate on articles
    for each statement execute function count_article_change();

alter table retrievals add column article_state bigint not null;
