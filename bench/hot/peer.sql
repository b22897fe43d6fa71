-- The hot doctor, booked through a peer's functions.

-- @work
select patient, doctor, service, tstzrange(starts_at, starts_at + interval '30 minutes')
from bench.hot_starts($1::int)
limit $2::int

-- @book
select book_visit($1::uuid, $2::uuid, $3::uuid, $4::tstzrange)

-- @cancel
select cancel_visit($1::uuid)

-- @look
select count(*)
from visit a
join visit b using (doctor)
where a.doctor = (select id from bench.doctor where number = 1000)
  and a.status <> 'cancelled'
  and b.status <> 'cancelled'
  and a.id < b.id
  and a.during && b.during
