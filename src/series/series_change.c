/*
 * series_change.c
 *		Changing or cancelling some of a series.
 *
 * An edit of many occurrences ends the rule before the first of them.  What they
 * become is a series of its own, to which the visits move with their ids: so what
 * has been stays as it was, and each visit keeps telling which occurrence it is.
 *
 * The k-th occurrence that is edited becomes the k-th of the new series.  A visit
 * that may not be moved stays where it is, as an exception of the new series; one
 * that is over, or has begun, stays in the old one, and the new one leaves its
 * occurrence out.
 */
#include "postgres.h"

#include "access/xact.h"
#include "attempt.h"
#include "booking/status.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "recurrence/rrule_expand.h"
#include "series/series_change.h"
#include "utils/builtins.h"

/* So many occurrences to come may be edited at once. */
#define MOST_EDITED (10 * MOST_OCCURRENCES)

/* A visit of the series. */
typedef struct SeriesVisit
{
	pg_uuid_t id;
	TimestampTz occurrence;
	TimestampTz starts_at;
	bool is_open;	   /* it may be moved or cancelled yet */
	bool is_exception; /* it was changed by itself */
	VisitStatus status;
} SeriesVisit;

static SavedQuery find_visits = {
	.sql = "select a.id, a.occurrence_at, a.starts_at, a.status" LT
		   "'arrived'::clinic.appointment_status and a.starts_at" GT "$4, a.series_exception,"
		   " a.status::pg_catalog.text from clinic.appointment a where a.clinic_id" EQ
		   "$1 and a.series_id" EQ "$2 and a.occurrence_at" GE "$3 order by a.occurrence_at",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
};

/*
 * Those of the occurrences in [$3, $5] that may be changed; $6 says that any may, as
 * one that is named may whatever its status.
 */
#define CHANGING_VISITS \
	"select 1 from clinic.appointment a where a.clinic_id" EQ "$1 and a.series_id" EQ \
	"$2 and a.occurrence_at" GE "$3 and a.occurrence_at" LE "$5 and ($6 or a.status" LT \
	"'arrived'::clinic.appointment_status and a.starts_at" GT "$4)"

static SavedQuery find_changing = {
	.sql = CHANGING_VISITS,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery try_lock_changing = {
	.sql = CHANGING_VISITS " for no key update skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID),
	.snapshot = SNAPSHOT_WRITE,
};

#define VISIT_OF " where a.clinic_id" EQ "$1 and a.id" EQ "$2"

static SavedQuery cancel_visit = {
	.sql =
		"update clinic.appointment a set status = 'cancelled', cancellation_reason = $3" VISIT_OF,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* $6: the duration, null for what it was. */
#define NEW_TIME \
	"starts_at = $3, provider_id = $4," \
	" ends_at = $3 operator(pg_catalog.+) coalesce($5, a.ends_at operator(pg_catalog.-) a.starts_at)"

static SavedQuery move_visit = {
	.sql = "update clinic.appointment a set " NEW_TIME VISIT_OF,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID, INTERVALOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery move_to_series = {
	.sql = "update clinic.appointment a set " NEW_TIME
		   ", series_id = $6, occurrence_at = $3, series_exception = false" VISIT_OF,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID, INTERVALOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery keep_in_series = {
	.sql = "update clinic.appointment a set series_id = $3, occurrence_at = $4,"
		   " series_exception = true" VISIT_OF,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* The visits of the occurrences from an instant on, in order; how many. */
static int
read_visits(const Series *series, TimestampTz from, SeriesVisit **visits)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	Datum values[] = {UUIDPGetDatum(&series->clinic), UUIDPGetDatum(&series->id),
					  TimestampTzGetDatum(from), TimestampTzGetDatum(now)};
	int count = (int) query_run(&find_visits, values, NULL, 0);

	*visits = palloc(sizeof(SeriesVisit) * Max(count, 1));
	for (int i = 0; i < count; i++)
		(*visits)[i] = (SeriesVisit){
			.id = *query_uuid(i, 1),
			.occurrence = query_timestamptz(i, 2, 0),
			.starts_at = query_timestamptz(i, 3, 0),
			.is_open = query_bool(i, 4),
			.is_exception = query_bool(i, 5),
			.status = status_from_name(query_text(i, 6)),
		};
	return count;
}

/* Lock the row of the series and those of the visits that are to change; false if others have any. */
static bool
try_lock_rows(const Series *series, const SeriesPart *part)
{
	bool one = part->scope == SCOPE_THIS;
	Datum values[] = {
		UUIDPGetDatum(&series->clinic),
		UUIDPGetDatum(&series->id),
		TimestampTzGetDatum(part->scope == SCOPE_ALL ? DT_NOBEGIN : part->occurrence),
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
		TimestampTzGetDatum(one ? part->occurrence : DT_NOEND),
		BoolGetDatum(one),
	};

	return series_try_lock_row(series) && query_run(&try_lock_changing, values, NULL, 0) ==
											  query_run(&find_changing, values, NULL, 0);
}

/*
 * Whoever has changed one of the visits, and has not committed yet, may be about
 * to wait for what is locked here: so its row is tried, as reschedule() does.
 */
static void
lock_rows(const Series *series, const SeriesPart *part)
{
	int tries = 0;

	while (!try_lock_rows(series, part))
		if (!lock_may_try_again(&tries))
			refuse_lock();
}

static SeriesOutcome
visit_outcome(const Series *series, const SeriesVisit *visit, const char *outcome,
			  const char *detail)
{
	return (SeriesOutcome){
		.series = series->id,
		.occurrence = visit->occurrence,
		.has_visit = true,
		.appointment = visit->id,
		.outcome = outcome,
		.detail = detail,
	};
}

/* Run an update of one visit. */
typedef struct VisitUpdate
{
	SavedQuery *query;
	const Datum *values;
	const bool *nulls;
} VisitUpdate;

static void
update_visit(void *argument)
{
	const VisitUpdate *update = argument;

	query_run_one(update->query, update->values, update->nulls);
}

/* NULL, or the reason why not. */
static const char *
try_update(SavedQuery *query, const Datum *values, const bool *nulls)
{
	VisitUpdate update = {query, values, nulls};
	ErrorData *error = attempt(update_visit, &update);

	return error ? refused_for(error) : NULL;
}

/* Is there an occurrence at that instant, left out or not? */
static bool
occurs_at(const Series *series, TimestampTz instant)
{
	Series all = *series;
	TimestampTz found;
	TimestampTz next;

	all.nexdates = 0;
	return series_occurrences(&all, instant, instant, 1, &found, &next) == 1;
}

/* The first occurrence to come, left out or not; DT_NOEND if there is none. */
static TimestampTz
first_to_come(const Series *series)
{
	Series all = *series;
	TimestampTz found;
	TimestampTz next;

	all.nexdates = 0;
	if (series_occurrences(&all, GetCurrentTransactionStartTimestamp() + 1, DT_NOEND, 1, &found,
						   &next) == 0)
		return DT_NOEND;
	return found;
}

/* The first of the occurrences that an edit is about: what has been stays as it was. */
static TimestampTz
first_edited(const Series *series, const SeriesPart *part)
{
	if (part->scope == SCOPE_FOLLOWING && part->occurrence > GetCurrentTransactionStartTimestamp())
		return part->occurrence;
	return first_to_come(series);
}

static _Noreturn void
refuse_unknown_occurrence(void)
{
	refuse(REASON_NOT_FOUND, "the series has no such occurrence", NULL,
		   "An occurrence is named by the instant that the series gave it, whatever became of it.");
}

/* The visit of an occurrence; NULL if there is none. */
static SeriesVisit *
find_visit(SeriesVisit *visits, int count, TimestampTz occurrence)
{
	for (int i = 0; i < count; i++)
		if (visits[i].occurrence == occurrence)
			return &visits[i];
	return NULL;
}

/*
 * Cancelling
 */

static Datum
reason_datum(const text *reason)
{
	if (reason == NULL)
		refuse(REASON_INVALID_TEXT, "a cancellation needs a reason", NULL, NULL);
	return PointerGetDatum(reason);
}

static int
cancel_one(Series *series, TimestampTz occurrence, const text *reason, SeriesOutcome **outcomes)
{
	SeriesVisit *visits;
	int count = read_visits(series, occurrence, &visits);
	SeriesVisit *visit = find_visit(visits, count, occurrence);

	*outcomes = palloc0(sizeof(SeriesOutcome));
	if (visit)
	{
		Datum values[] = {UUIDPGetDatum(&series->clinic), UUIDPGetDatum(&visit->id),
						  reason_datum(reason)};

		check_transition(visit->status, STATUS_CANCELLED);
		query_run_one(&cancel_visit, values, NULL);
		(*outcomes)[0] = visit_outcome(series, visit, "cancelled", NULL);
		return 1;
	}
	if (!occurs_at(series, occurrence))
		refuse_unknown_occurrence();
	series_add_exdate(series, occurrence);
	(*outcomes)[0] =
		(SeriesOutcome){.series = series->id, .occurrence = occurrence, .outcome = "cancelled"};
	return 1;
}

static SeriesOutcome
cancel_open(const Series *series, const SeriesVisit *visit, bool include_changed, Datum reason)
{
	Datum values[] = {UUIDPGetDatum(&series->clinic), UUIDPGetDatum(&visit->id), reason};
	const char *refused;

	if (visit->is_exception && !include_changed)
		return visit_outcome(series, visit, "kept", "changed");
	refused = try_update(&cancel_visit, values, NULL);
	return visit_outcome(series, visit, refused ? "kept" : "cancelled", refused);
}

int
series_cancel(Series *series, const SeriesPart *part, const text *reason, SeriesOutcome **outcomes)
{
	TimestampTz from = part->scope == SCOPE_ALL ? DT_NOBEGIN : part->occurrence;
	TimestampTz end = first_edited(series, part);
	SeriesVisit *visits;
	int nvisits;
	int count = 0;
	bool occurs;

	lock_rows(series, part);
	if (part->scope == SCOPE_THIS)
		return cancel_one(series, part->occurrence, reason, outcomes);
	nvisits = read_visits(series, from, &visits);
	occurs = end != DT_NOEND && occurs_at(series, end);
	if (part->scope == SCOPE_FOLLOWING && !occurs_at(series, from) &&
		find_visit(visits, nvisits, from) == NULL)
		refuse_unknown_occurrence();
	*outcomes = palloc(sizeof(SeriesOutcome) * Max(nvisits, 1));
	for (int i = 0; i < nvisits; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (visits[i].is_open)
			(*outcomes)[count++] =
				cancel_open(series, &visits[i], part->include_changed, reason_datum(reason));
	}
	if (occurs)
		series_end(series, end);
	return count;
}

/*
 * Moving
 */

/* One occurrence of the old series, and what it becomes. */
typedef struct EditedOccurrence
{
	TimestampTz before;
	TimestampTz after;	/* DT_NOEND: the new rule has none for it */
	SeriesVisit *visit; /* NULL: none was booked */
	bool left_out;
	bool settled; /* it has its outcome */
	SeriesOutcome outcome;
} EditedOccurrence;

typedef struct SeriesEdit
{
	Series *old;
	Series new;
	bool include_changed;
	const SeriesChange *change;
	int count;
	EditedOccurrence *occurrences;
} SeriesEdit;

Series
changed_series(const Series *series, const SeriesChange *change)
{
	Series new = *series;

	if (change->provider)
		new.provider = *change->provider;
	if (change->duration)
		new.duration = change->duration;
	new.rule = palloc(sizeof(RRule));
	*new.rule = change->rule ? *change->rule : *series->rule;
	return new;
}

/* The values that NEW_TIME wants. */
static void
set_new_time(Datum *values, bool *nulls, const Series *series, const SeriesVisit *visit,
			 TimestampTz starts_at, const SeriesChange *change)
{
	Interval *duration = palloc0(sizeof(Interval));

	duration->time = change->duration;
	values[0] = UUIDPGetDatum(&series->clinic);
	values[1] = UUIDPGetDatum(&visit->id);
	values[2] = TimestampTzGetDatum(starts_at);
	values[3] = UUIDPGetDatum(&series->provider);
	values[4] = IntervalPGetDatum(duration);
	nulls[4] = change->duration == 0;
}

static int
move_one(const Series *series, const SeriesPart *part, const SeriesChange *change,
		 SeriesOutcome **outcomes)
{
	Series new = changed_series(series, change);
	SeriesVisit *visits;
	int count = read_visits(series, part->occurrence, &visits);
	SeriesVisit *visit = find_visit(visits, count, part->occurrence);
	Datum values[5];
	bool nulls[5] = {false};

	if (change->rule)
		refuse(REASON_INVALID_RULE, "one occurrence has no rule", NULL,
			   "To change the rule, change this and the following ones.");
	if (visit == NULL)
		refuse_unknown_occurrence();
	set_new_time(values, nulls, &new, visit, change->starts_at, change);
	query_run_one(&move_visit, values, nulls);
	*outcomes = palloc(sizeof(SeriesOutcome));
	(*outcomes)[0] = visit_outcome(series, visit, "moved", NULL);
	return 1;
}

/* Where the new series begins: as far from the first that is edited as was said of the named one. */
static TimestampTz
new_start(const Series *series, TimestampTz first, const SeriesPart *part, TimestampTz starts_at)
{
	Timestamp shift;

	if (part->occurrence == DT_NOBEGIN || part->occurrence == first)
		return starts_at;
	shift = civil_local(starts_at, series->zone) - civil_local(part->occurrence, series->zone);
	return civil_instant(civil_local(first, series->zone) + shift, series->zone);
}

/* What is left of COUNT. */
static void
set_count(SeriesEdit *edit, TimestampTz first)
{
	RRule *rule = edit->new.rule;

	if (edit->change->rule || rule->count == 0)
		return;
	rule->count -= series_count_before(edit->old, first);
}

/* UNTIL is a whole second. */
static int64
to_second(int64 microseconds)
{
	return floor_divide(microseconds + USECS_PER_SEC - 1, USECS_PER_SEC) * USECS_PER_SEC;
}

/* A rule that has an UNTIL ends as much later as it begins: it becomes no shorter. */
static void
set_until(SeriesEdit *edit, TimestampTz first)
{
	RRule *rule = edit->new.rule;
	pg_tz *zone = edit->new.zone;
	Timestamp before = civil_local(first, zone);
	Timestamp after = civil_local(edit->new.starts_at, zone);

	if (edit->change->rule)
		return;
	switch (rule->until_kind)
	{
		case RRULE_UNTIL_NONE:
			break;
		case RRULE_UNTIL_DATE:
			rule->until += utc_day(after) - utc_day(before);
			break;
		case RRULE_UNTIL_LOCAL:
			rule->until = to_second(rule->until + after - before);
			break;
		case RRULE_UNTIL_UTC:
			rule->until =
				to_second(civil_instant(civil_local(rule->until, zone) + after - before, zone));
			break;
	}
}

/* Pair the occurrences that were seen to with those of the new series. */
static void
pair_occurrences(SeriesEdit *edit, TimestampTz first)
{
	Series all = *edit->old;
	TimestampTz *before = palloc(sizeof(TimestampTz) * MOST_EDITED);
	TimestampTz *after = palloc(sizeof(TimestampTz) * MOST_EDITED);
	TimestampTz seen_to = edit->old->next_at == DT_NOEND ? DT_NOEND : edit->old->next_at - 1;
	TimestampTz next;
	int nafter;

	all.nexdates = 0;
	edit->count = series_occurrences(&all, first, seen_to, MOST_EDITED, before, &next);
	if (edit->count == MOST_EDITED)
		refuse(REASON_LIMIT_REACHED, "the series has too many occurrences to come", NULL,
			   "Change a later part of it first.");
	nafter = series_occurrences(&edit->new, edit->new.starts_at, DT_NOEND, Max(edit->count, 1),
								after, &next);
	if (nafter == 0 || after[0] != edit->new.starts_at)
		refuse(REASON_INVALID_RULE, "the new start is no occurrence of the rule", NULL,
			   "Give the rule that it is to follow.");
	edit->occurrences = palloc0(sizeof(EditedOccurrence) * Max(edit->count, 1));
	for (int i = 0; i < edit->count; i++)
	{
		edit->occurrences[i].before = before[i];
		edit->occurrences[i].after = i < nafter ? after[i] : DT_NOEND;
	}
}

/* Find their visits, and which were left out; both are in order. */
static void
find_edited_visits(SeriesEdit *edit, TimestampTz first)
{
	SeriesVisit *visits;
	int nvisits = read_visits(edit->old, first, &visits);
	int at = 0;

	for (int i = 0; i < edit->count; i++)
	{
		EditedOccurrence *edited = &edit->occurrences[i];

		while (at < nvisits && visits[at].occurrence < edited->before)
			at++;
		if (at < nvisits && visits[at].occurrence == edited->before)
			edited->visit = &visits[at];
		for (int j = 0; j < edit->old->nexdates; j++)
			edited->left_out |= edit->old->exdates[j] == edited->before;
		edited->left_out |= edited->visit && !edited->visit->is_open;
	}
}

/* What is left out of the old series is left out of the new one, too. */
static void
set_exdates(SeriesEdit *edit)
{
	edit->new.nexdates = 0;
	edit->new.exdates = palloc(sizeof(TimestampTz) * Max(edit->count, 1));
	for (int i = 0; i < edit->count; i++)
		if (edit->occurrences[i].left_out && edit->occurrences[i].after != DT_NOEND)
			edit->new.exdates[edit->new.nexdates++] = edit->occurrences[i].after;
}

static void
settle(EditedOccurrence *edited, const Series *series, TimestampTz occurrence, const char *outcome,
	   const char *detail)
{
	edited->settled = true;
	edited->outcome = visit_outcome(series, edited->visit, outcome, detail);
	edited->outcome.occurrence = occurrence;
}

/* It stays where it is, whichever occurrence it is now. */
static void
keep(SeriesEdit *edit, EditedOccurrence *edited, const char *reason)
{
	Datum values[] = {UUIDPGetDatum(&edit->new.clinic), UUIDPGetDatum(&edited->visit->id),
					  UUIDPGetDatum(&edit->new.id), TimestampTzGetDatum(edited->after)};

	query_run_one(&keep_in_series, values, NULL);
	settle(edited, &edit->new, edited->after, "kept", reason);
}

/* The new rule has nothing for it. */
static void
drop(SeriesEdit *edit, EditedOccurrence *edited)
{
	Datum values[] = {UUIDPGetDatum(&edit->old->clinic), UUIDPGetDatum(&edited->visit->id),
					  CStringGetTextDatum("The series has become shorter.")};
	const char *refused;

	if (edited->visit->is_exception && !edit->include_changed)
	{
		settle(edited, edit->old, edited->before, "kept", "changed");
		return;
	}
	refused = try_update(&cancel_visit, values, NULL);
	settle(edited, edit->old, edited->before, refused ? "kept" : "cancelled", refused);
}

static void
move(SeriesEdit *edit, EditedOccurrence *edited)
{
	Datum values[6];
	bool nulls[6] = {false};
	const char *refused;

	CHECK_FOR_INTERRUPTS();
	if (edited->visit == NULL || edited->left_out)
		return;
	if (edited->after == DT_NOEND)
	{
		drop(edit, edited);
		return;
	}
	if (edited->visit->is_exception && !edit->include_changed)
	{
		keep(edit, edited, "changed");
		return;
	}
	set_new_time(values, nulls, &edit->new, edited->visit, edited->after, edit->change);
	values[5] = UUIDPGetDatum(&edit->new.id);
	if (edit->new.on_conflict == CONFLICT_FAIL)
	{
		query_run_one(&move_to_series, values, nulls);
		refused = NULL;
	}
	else
		refused = try_update(&move_to_series, values, nulls);
	if (refused)
		keep(edit, edited, refused);
	else
		settle(edited, &edit->new, edited->after, "moved", NULL);
}

/*
 * So that none is in the way of another: first those go that the new rule has
 * nothing for, then those that move to earlier times, the first first, then the
 * others, the last first.
 */
static void
move_all(SeriesEdit *edit)
{
	EditedOccurrence *all = edit->occurrences;

	for (int i = 0; i < edit->count; i++)
		if (all[i].after == DT_NOEND)
			move(edit, &all[i]);
	for (int i = 0; i < edit->count; i++)
		if (all[i].after < all[i].before)
			move(edit, &all[i]);
	for (int i = edit->count - 1; i >= 0; i--)
		if (all[i].after >= all[i].before && all[i].after != DT_NOEND)
			move(edit, &all[i]);
}

/* Book the occurrences of the new series that have no visit; how many were seen to. */
static int
book_rest(SeriesEdit *edit, SeriesOutcome **outcomes)
{
	Series rest = edit->new;

	rest.exdates = palloc(sizeof(TimestampTz) * (edit->new.nexdates + edit->count + 1));
	memcpy(rest.exdates, edit->new.exdates, sizeof(TimestampTz) * edit->new.nexdates);
	for (int i = 0; i < edit->count; i++)
		if (edit->occurrences[i].settled && edit->occurrences[i].after != DT_NOEND)
			rest.exdates[rest.nexdates++] = edit->occurrences[i].after;
	return series_book(&rest, SERIES_IS_EXTENDED, outcomes);
}

static int
compare_outcomes(const void *a, const void *b)
{
	const SeriesOutcome *first = a;
	const SeriesOutcome *second = b;

	if (first->occurrence != second->occurrence)
		return first->occurrence < second->occurrence ? -1 : 1;
	/* What is too much of the old series may be at the instant of one of the new. */
	return strcmp(first->outcome, second->outcome);
}

int
series_reschedule(Series *series, const SeriesPart *part, const SeriesChange *change,
				  SeriesOutcome **outcomes)
{
	SeriesEdit edit = {.old = series, .change = change, .include_changed = part->include_changed};
	TimestampTz first = first_edited(series, part);
	SeriesOutcome *booked;
	int nbooked;
	int count = 0;

	lock_rows(series, part);
	if (part->scope == SCOPE_THIS)
		return move_one(series, part, change, outcomes);
	if (first == DT_NOEND || !occurs_at(series, first) ||
		(part->occurrence != DT_NOBEGIN && !occurs_at(series, part->occurrence)))
		refuse_unknown_occurrence();
	edit.new = changed_series(series, change);
	edit.new.nexdates = 0;
	edit.new.starts_at = edit.new.next_at = new_start(series, first, part, change->starts_at);
	set_count(&edit, first);
	set_until(&edit, first);
	pair_occurrences(&edit, first);
	find_edited_visits(&edit, first);
	set_exdates(&edit);
	series_insert(&edit.new, &series->id, NULL, NULL);
	series_end(series, first);
	move_all(&edit);
	nbooked = book_rest(&edit, &booked);
	*outcomes = palloc(sizeof(SeriesOutcome) * (edit.count + nbooked + 1));
	for (int i = 0; i < edit.count; i++)
		if (edit.occurrences[i].settled)
			(*outcomes)[count++] = edit.occurrences[i].outcome;
	for (int i = 0; i < nbooked; i++)
		(*outcomes)[count++] = booked[i];
	qsort(*outcomes, count, sizeof(SeriesOutcome), compare_outcomes);
	return count;
}
