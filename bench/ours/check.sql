-- Three numbers after a run of ours: visits that overlap an earlier one on the same seat of a doctor, visits still standing, and
-- visits whose claims are not what they should be.

select count(*) filter (where starts_at < earlier_end) as overlaps,
       count(*) as standing,
       (select count(*) from clinic.verify()) as wrong_claims
from (
  select starts_at,
         max(ends_at) over (
           partition by provider_id, seat
           order by starts_at, id
           rows between unbounded preceding and 1 preceding
         ) as earlier_end
  from clinic.appointment
  where status not in ('cancelled', 'no_show')
) visit;
