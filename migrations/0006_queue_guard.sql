-- apalis keeps the queue (schema apalis, set up before this migration). Left alone it forgets that a job was killed,
-- leaves jobs of panicked handlers running for ever, rescues without end and retries failures at once.

create function guard_job() returns trigger language plpgsql as $$
declare
    wanted text;
begin
    if old.status = 'Killed' then
        return old;
    end if;
    if new.status in ('Running', 'Queued') and new.done_at is not null and new.done_at is distinct from old.done_at then
        new.status := 'Failed';
    end if;
    if new.status = 'Pending' and old.status in ('Running', 'Queued') and new.attempts >= new.max_attempts then
        new.status := 'Killed';
        new.done_at := now();
    end if;
    if new.status = 'Failed' and new.attempts < new.max_attempts then
        wanted := substring(new.last_result ->> 'Err' from 'retry_after_ms=([0-9]{1,8})');
        new.run_at := now() + coalesce(
            make_interval(secs => wanted::double precision / 1000),
            make_interval(secs => least(60, power(2, new.attempts)) * (0.5 + random() / 2))
        );
    end if;
    return new;
end $$;
comment on function guard_job is
    'Killed stays killed; a job that ended while running has failed; rescues count as attempts; failures wait before they are retried.';

create trigger guard_job before update of status on apalis.jobs
    for each row execute function guard_job();
