-- privileges.sql: nothing to PUBLIC, and every table in dumps

revoke execute on all functions in schema clinic from public;

select pg_catalog.pg_extension_config_dump('clinic.clinic', '');
select pg_catalog.pg_extension_config_dump('clinic.member', '');
select pg_catalog.pg_extension_config_dump('clinic.resource', '');
select pg_catalog.pg_extension_config_dump('clinic.service', '');
select pg_catalog.pg_extension_config_dump('clinic.provider_service', '');
select pg_catalog.pg_extension_config_dump('clinic.service_requirement', '');
select pg_catalog.pg_extension_config_dump('clinic.hours', '');
select pg_catalog.pg_extension_config_dump('clinic.closure', '');
select pg_catalog.pg_extension_config_dump('clinic.day_capacity', '');
select pg_catalog.pg_extension_config_dump('clinic.patient', '');
select pg_catalog.pg_extension_config_dump('clinic.series', '');
select pg_catalog.pg_extension_config_dump('clinic.appointment', '');
select pg_catalog.pg_extension_config_dump('clinic.queue_class', '');
select pg_catalog.pg_extension_config_dump('clinic.provider_presence', '');
select pg_catalog.pg_extension_config_dump('clinic.queue_entry', '');
select pg_catalog.pg_extension_config_dump('clinic.queue_place', '');
select pg_catalog.pg_extension_config_dump('clinic.waitlist_entry', '');
select pg_catalog.pg_extension_config_dump('clinic.claim', '');
select pg_catalog.pg_extension_config_dump('clinic.journal', '');
