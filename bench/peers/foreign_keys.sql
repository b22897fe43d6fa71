-- Peer (b): (a) with its three foreign keys.

\ir exclude.sql

alter table visit
  add foreign key (patient) references patient,
  add foreign key (doctor) references provider,
  add foreign key (service) references service;
