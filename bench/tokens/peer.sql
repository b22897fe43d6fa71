-- The numbers of one day, booked and cancelled through a peer's functions.

-- @work
select patient, doctor, day
from bench.token_day($1::int)
limit $2::int

-- @book
select book_token($1::uuid, $2::uuid, $3::date)

-- @cancel
select cancel_token($1::uuid)

-- @look
select count(*) - count(distinct number)
from token
where status <> 'cancelled'
