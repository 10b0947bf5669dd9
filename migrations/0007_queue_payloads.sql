-- A worker that fetches a job whose payload is no JSON dies, and so does the next one that takes the job from it, each time
-- with all that it runs. Such a job can only be inserted by hand; it ends before any worker sees it.

create function refuse_job() returns trigger language plpgsql as $$
begin
    perform convert_from(new.job, 'UTF8')::json;
    return new;
exception when data_exception then
    new.status := 'Killed';
    new.done_at := now();
    new.last_result := '{"Err": "not_json"}';
    return new;
end $$;
comment on function refuse_job is 'A job whose payload is no JSON is killed before it can kill a worker.';

create trigger refuse_job before insert on apalis.jobs
    for each row execute function refuse_job();
