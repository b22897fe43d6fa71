-- Two numbers after a run of a peer: visits that overlap an earlier one of the same doctor, and visits still standing.

select count(*) filter (where lower(during) < earlier_end) as overlaps,
       count(*) as standing
from (
  select during,
         max(upper(during)) over (
           partition by doctor
           order by lower(during), id
           rows between unbounded preceding and 1 preceding
         ) as earlier_end
  from visit
  where status <> 'cancelled'
) visit;
