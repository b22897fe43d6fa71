# clinic_sched: build, install and test.
#
#   make, make install, make installcheck   against the PostgreSQL of PG_CONFIG
#   make demo | test | bench | soak | lint  install what is missing, then run; all but lint use
#                                           a throw-away server and leave the system's alone

EXTENSION = clinic_sched
MODULE_big = clinic_sched

# The version is written in the control file and nowhere else.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" $(EXTENSION).control)

OBJS = \
	src/module.o \
	src/errors.o \
	src/query.o \
	src/lock.o \
	src/random.o \
	src/uuid7.o \
	src/restore.o \
	src/attempt.o \
	src/trigger.o \
	src/civil/civil.o \
	src/civil/civil_sql.o \
	src/hours/weekly_hours.o \
	src/hours/weekly_hours_parse.o \
	src/hours/weekly_hours_print.o \
	src/hours/open_hours.o \
	src/hours/open_hours_sql.o \
	src/recurrence/basic_time.o \
	src/recurrence/rrule_rules.o \
	src/recurrence/rrule_numbers.o \
	src/recurrence/rrule_parse.o \
	src/recurrence/rrule_print.o \
	src/recurrence/rrule_describe.o \
	src/recurrence/rrule_value.o \
	src/recurrence/rrule.o \
	src/recurrence/rrule_parts.o \
	src/recurrence/make_rrule.o \
	src/recurrence/rrule_days.o \
	src/recurrence/rrule_expand.o \
	src/recurrence/rrule_count.o \
	src/recurrence/rrule_zone.o \
	src/recurrence/recurrence_sql.o \
	src/recurrence/ical.o \
	src/recurrence/recurrence_ical.o \
	src/identity/identity.o \
	src/journal/journal.o \
	src/journal/journal_values.o \
	src/clinic/clinic.o \
	src/clinic/closure_row.o \
	src/clinic/configuration.o \
	src/clinic/opening_rows.o \
	src/clinic/providers.o \
	src/clinic/presets.o \
	src/patient/patient.o \
	src/patient/person_name.o \
	src/patient/phone.o \
	src/patient/vaccination.o \
	src/availability/predicate.o \
	src/availability/seats.o \
	src/availability/closure.o \
	src/availability/opening.o \
	src/availability/open_days.o \
	src/availability/grid.o \
	src/availability/range.o \
	src/availability/arguments.o \
	src/availability/claims.o \
	src/availability/claim_stream.o \
	src/availability/taken.o \
	src/availability/matching.o \
	src/availability/pool.o \
	src/availability/moving.o \
	src/availability/listing.o \
	src/availability/sweep.o \
	src/availability/search.o \
	src/availability/first_start.o \
	src/availability/search_support.o \
	src/availability/find_slots.o \
	src/availability/chain.o \
	src/availability/together.o \
	src/availability/find_chain.o \
	src/availability/panel.o \
	src/availability/find_panel.o \
	src/availability/slots.o \
	src/availability/free_seats.o \
	src/availability/free_busy.o \
	src/availability/utilisation.o \
	src/availability/days.o \
	src/availability/orphans.o \
	src/availability/proposal.o \
	src/availability/rota_change.o \
	src/availability/sheet_cell.o \
	src/availability/sheet_text.o \
	src/availability/sheet_providers.o \
	src/availability/sheet.o \
	src/availability/day_sheet.o \
	src/availability/month_sheet.o \
	src/booking/status.o \
	src/booking/code.o \
	src/booking/visit.o \
	src/booking/account.o \
	src/booking/cancel_notice.o \
	src/booking/rules.o \
	src/booking/look.o \
	src/booking/holds.o \
	src/booking/picks.o \
	src/booking/patient_rules.o \
	src/booking/occupancy.o \
	src/booking/visit_plan.o \
	src/booking/visit_before.o \
	src/booking/claim_busy.o \
	src/booking/visit_claims.o \
	src/booking/visit_batch.o \
	src/booking/visit_after.o \
	src/booking/request.o \
	src/booking/choose_provider.o \
	src/booking/book.o \
	src/booking/bulk.o \
	src/booking/book_many.o \
	src/booking/change.o \
	src/booking/list.o \
	src/series/series.o \
	src/series/series_book.o \
	src/series/series_change.o \
	src/series/series_sql.o \
	src/booking/computed.o \
	src/queue/queue_status.o \
	src/queue/queue_class.o \
	src/queue/entry.o \
	src/queue/place.o \
	src/queue/entry_check.o \
	src/queue/visit_follow.o \
	src/queue/arrive.o \
	src/queue/heads.o \
	src/queue/call_next.o \
	src/queue/serve.o \
	src/queue/estimate.o \
	src/queue/state.o \
	src/queue/board.o \
	src/queue/assign.o \
	src/queue/no_shows.o \
	src/waitlist/freed.o \
	src/waitlist/offer_times.o \
	src/waitlist/waiting.o \
	src/waitlist/offer.o \
	src/waitlist/follow.o \
	src/waitlist/waitlist.o \
	src/waitlist/waitlist_check.o \
	src/housekeeping/housekeeping.o

# Concatenated in this order: a fragment may use what an earlier one creates.
SQL_FRAGMENTS = \
	src/schema/preamble.sql \
	src/civil/civil.sql \
	src/identity/identity.sql \
	src/hours/hours.sql \
	src/recurrence/rrule.sql \
	src/recurrence/expand.sql \
	src/recurrence/ical.sql \
	src/schema/tables.sql \
	src/journal/journal.sql \
	src/clinic/clinic.sql \
	src/patient/patient.sql \
	src/booking/booking.sql \
	src/booking/holds.sql \
	src/booking/computed.sql \
	src/series/series.sql \
	src/waitlist/waitlist.sql \
	src/booking/schedule.sql \
	src/booking/list.sql \
	src/availability/availability.sql \
	src/availability/find_slots.sql \
	src/availability/find_chain.sql \
	src/availability/days.sql \
	src/availability/rota_change.sql \
	src/queue/queue.sql \
	src/housekeeping/housekeeping.sql \
	src/integrity/integrity.sql \
	src/schema/privileges.sql

INSTALL_SCRIPT_SQL = $(EXTENSION)--$(EXTVERSION).sql
DATA = $(wildcard src/upgrade/$(EXTENSION)--*--*.sql)
DATA_built = $(INSTALL_SCRIPT_SQL)

# One test for each file in sql/; `install` creates the extension, so it goes first.
REGRESS_FILES := $(sort $(basename $(notdir $(wildcard sql/*.sql))))
REGRESS := $(strip $(filter install,$(REGRESS_FILES)) $(filter-out install,$(REGRESS_FILES)))
ISOLATION := $(sort $(basename $(notdir $(wildcard test/isolation/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test/isolation

# `make WERROR=` builds with a compiler that warns of more than ours did. PostgreSQL's own headers
# have unused parameters, and so has every function with its calling convention.
WERROR = -Werror
PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -Wall -Wextra $(WERROR) -Wno-unused-parameter

# No LLVM bitcode unless asked for (make with_llvm=yes): it needs the clang that PostgreSQL was
# built with, and the functions here are too large for a query to inline.
ifneq ($(origin with_llvm),command line)
override with_llvm = no
endif

.PHONY: all demo test bench soak lint
all:

# A fresh machine has no PostgreSQL yet, and the targets further down install it. So its makefiles
# are included only where they exist; without the headers they are a client's and of no use.
PG_CONFIG ?= pg_config
PG_HEADER := $(wildcard $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)/postgres.h)
PGXS := $(if $(PG_HEADER),$(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null)))

ifneq ($(PGXS),)

include $(PGXS)

ifneq ($(filter $(firstword $(subst ., ,$(MAJORVERSION))),7 8 9 10 11 12 13),)
$(error clinic_sched needs PostgreSQL 14 or later; $(PG_CONFIG) is PostgreSQL $(VERSION))
endif

# PostgreSQL does not track a module's headers, so every object waits for all of them.
HEADER_FILES := $(wildcard src/*.h src/*/*.h)
$(OBJS) $(OBJS:.o=.bc): $(HEADER_FILES)

# Views run with their reader's rights where PostgreSQL can do that.
SECURITY_INVOKER = $(if $(filter 14,$(MAJORVERSION)),,with (security_invoker = true))

$(INSTALL_SCRIPT_SQL): $(SQL_FRAGMENTS) $(EXTENSION).control Makefile
	( printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit' && \
	  sed 's/@SECURITY_INVOKER@/$(SECURITY_INVOKER)/' $(SQL_FRAGMENTS) ) > $@

else

.PHONY: install uninstall installcheck clean
all install uninstall installcheck clean:
	@echo '$(PG_CONFIG) has no extension makefiles or no headers. Install the PostgreSQL server development' >&2
	@echo 'package, name a pg_config (make PG_CONFIG=...), or let script/install-packages do it.' >&2
	@exit 1

endif

demo:
	@script/install-packages build
	@script/server run psql -X -q -f demo/demo.sql

test:
	@script/install-packages build test
	@script/test

bench:
	@script/install-packages build
	@BENCH_RESTART=yes script/server run --durable bash -c 'bench/run && bench/waitlist/run && bench/recurrence/run'

soak:
	@script/install-packages build test
	@script/server run script/test --soak

lint:
	@script/install-packages lint
	@script/lint
