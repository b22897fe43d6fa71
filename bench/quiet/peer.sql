-- Quiet booking by a plain INSERT.  Each client has a block of slots of its own beyond the prior visits.

-- @work
select patient, doctor, service, tstzrange(starts_at, starts_at + interval '30 minutes')
from bench.slots_of_client($1::int, $2::int)
order by slot

-- @book
insert into visit (patient, doctor, service, during)
values ($1::uuid, $2::uuid, $3::uuid, $4::tstzrange)
returning id
