/*
 * driver.c
 *		The load generator of the booking benches: many connections book, and
 *		in the hot bench cancel, as fast as the server answers.
 *
 * Why not pgbench: a refused booking is an ordinary answer here, but pgbench
 * ends a client on every error except 40001 and 40P01.  Catching the refusal
 * on the server would put a subtransaction around each booking and so measure
 * something else.  pgbench also has no arrays, so it cannot hand out uuids
 * read beforehand; looking them up in the timed statement would add the same
 * cost to every side and draw all ratios towards 1.  Here every side runs
 * through the same loop, with prepared statements and parameters that were
 * read before the clock started.
 *
 * A script is an SQL file of up to four statements, each under a heading:
 *
 *		-- @work	rows of parameters for one client; $1 the client's number
 *					from 0, $2 how many rows are wanted at most
 *		-- @book	run with one row of work as $1, $2, ...; answers one row
 *					whose first column is the id of the visit, or null (or no
 *					row) for a refusal
 *		-- @cancel	run with $1 = that id and, if it has a $2, the first column
 *					of the row of work; answers one row
 *		-- @look	answers how many overlaps stand at this moment; run five
 *					times a second on a connection of its own, because what is
 *					cancelled again is not there to be counted afterwards
 *
 * With @cancel, a client is a desk where people book and cancel: an iteration
 * is one statement, a booking of a random row of work or, with even chances
 * where the client has something to cancel, the cancellation of what it booked
 * first.  Without, the rows are booked once each, in order, or with -r over
 * and over: then @book is any statement that is to be timed.  When several
 * scripts are given, client i runs script i modulo their number, and the @look
 * of the first is the one that is run.
 *
 * An iteration counts when the client got an answer (booked, cancelled or
 * refused) inside the measured window.  A refusal is the null above, or
 * SQLSTATE PT409 with the reason slot_taken or capacity_reached.  40001 and 40P01 are counted
 * apart and the client goes on.  Anything else stops the run and makes the
 * exit status 1.
 *
 * Usage: driver -d CONNINFO -c CLIENTS -T SECONDS [-w WARMUP_SECONDS]
 *				 [-n ROWS_OF_WORK] [-r] [-s SEED] SCRIPT...
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#define MAX_PARAMETERS	16
#define MAX_CLIENTS		1000
#define MAX_VISITS		64		/* that a client has at a time */
#define UUID_TEXT		64		/* more than an id in text form needs */

typedef struct Script
{
	char	   *work;
	char	   *book;
	char	   *cancel;			/* null: each row of work is booked once */
	char	   *look;			/* null: nobody looks */
} Script;

/* What one statement came to. */
typedef enum Outcome
{
	DONE,						/* booked, where bookings are counted */
	CANCELLED,
	REFUSED,
	SERIALIZATION_FAILURE,
	DEADLOCK,
	UNEXPECTED,
	N_OUTCOMES
} Outcome;

/* What is needed to cancel it. */
typedef struct Visit
{
	char		id[UUID_TEXT];
	int			row;			/* of work, that it was booked for */
} Visit;

typedef struct Client
{
	pthread_t	thread;
	int			number;
	const Script *script;
	PGconn	   *connection;
	PGresult   *work;
	int			next_row;
	uint64_t	random_state;

	/* what it has booked and not cancelled, as a ring */
	Visit		visits[MAX_VISITS];
	int			first_visit;
	int			n_visits;

	/* inside the measured window */
	long		answers[N_OUTCOMES];
	double		longest;		/* seconds */

	/* of the whole run, to be compared with what the tables hold */
	long		booked;
	long		cancelled;
} Client;

static const char *conninfo = "";
static int	n_clients = 1;
static double seconds = 10;
static double warmup = 0;
static int	rows_of_work = 1000000;
static bool repeat = false;
static uint64_t seed = 1;

static long overlaps_seen = 0;
static long looks = 0;

static pthread_barrier_t everyone_ready;
static double window_start;		/* set between the two barriers */
static volatile bool stop = false;
static pthread_mutex_t complaint = PTHREAD_MUTEX_INITIALIZER;


/* Report the first failure and make every client stop. */
static void
fail(const char *format,...)
{
	va_list		arguments;

	pthread_mutex_lock(&complaint);
	if (!stop)
	{
		fputs("driver: ", stderr);
		va_start(arguments, format);
		vfprintf(stderr, format, arguments);
		va_end(arguments);
		fputc('\n', stderr);
	}
	stop = true;
	pthread_mutex_unlock(&complaint);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* splitmix64: a good generator whose state is one word. */
static uint64_t
random_next(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* ------------------------------------------------------------------------
 * scripts
 * ------------------------------------------------------------------------
 */

static char *
read_file(const char *path)
{
	FILE	   *file = fopen(path, "r");
	char	   *text;
	long		length;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0)
	{
		perror(path);
		exit(2);
	}
	rewind(file);
	text = calloc(1, length + 1);
	if (text == NULL || fread(text, 1, length, file) != (size_t) length)
	{
		perror(path);
		exit(2);
	}
	fclose(file);
	return text;
}

/* The statement under one heading, up to the next heading; null if absent. */
static char *
script_section(const char *text, const char *heading)
{
	const char *start = strstr(text, heading);
	const char *end;

	if (start == NULL)
		return NULL;
	start += strlen(heading);
	end = strstr(start, "-- @");
	return end ? strndup(start, end - start) : strdup(start);
}

static Script
script_read(const char *path)
{
	char	   *text = read_file(path);
	Script		script;

	script.work = script_section(text, "-- @work\n");
	script.book = script_section(text, "-- @book\n");
	script.cancel = script_section(text, "-- @cancel\n");
	script.look = script_section(text, "-- @look\n");
	free(text);
	if (script.work == NULL || script.book == NULL)
	{
		fprintf(stderr, "%s: needs the headings @work and @book\n", path);
		exit(2);
	}
	return script;
}

/* ------------------------------------------------------------------------
 * clients
 * ------------------------------------------------------------------------
 */

static Outcome
judge(Client *client, const PGresult *result)
{
	const char *sqlstate;
	const char *reason;

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return PQntuples(result) == 1 && !PQgetisnull(result, 0, 0) ? DONE : REFUSED;
	if (PQresultStatus(result) == PGRES_COMMAND_OK)
		return DONE;

	sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	reason = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	if (sqlstate != NULL)
	{
		if (strcmp(sqlstate, "40001") == 0)
			return SERIALIZATION_FAILURE;
		if (strcmp(sqlstate, "40P01") == 0)
			return DEADLOCK;
		if (strcmp(sqlstate, "PT409") == 0 && reason != NULL &&
			(strcmp(reason, "slot_taken") == 0 || strcmp(reason, "capacity_reached") == 0))
			return REFUSED;
	}
	fail("client %d: SQLSTATE %s: %s", client->number, sqlstate ? sqlstate : "none",
		 PQerrorMessage(client->connection));
	return UNEXPECTED;
}

static bool
prepare(PGconn *connection, const char *name, const char *statement)
{
	PGresult   *result = PQprepare(connection, name, statement, 0, NULL);
	bool		prepared = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (!prepared)
		fail("cannot prepare \"%s\": %s", name, PQerrorMessage(connection));
	PQclear(result);
	return prepared;
}

/* Connect, read the client's rows of work and prepare its statements. */
static void
client_start(Client *client)
{
	char		number[16];
	char		rows[16];
	const char *parameters[2] = {number, rows};

	client->connection = PQconnectdb(conninfo);
	if (PQstatus(client->connection) != CONNECTION_OK)
	{
		fail("%s", PQerrorMessage(client->connection));
		return;
	}
	snprintf(number, sizeof(number), "%d", client->number);
	snprintf(rows, sizeof(rows), "%d", rows_of_work);
	client->work = PQexecParams(client->connection, client->script->work, 2,
								NULL, parameters, NULL, NULL, 0);
	if (PQresultStatus(client->work) != PGRES_TUPLES_OK)
		fail("cannot read the work: %s", PQerrorMessage(client->connection));
	else if (PQntuples(client->work) == 0 || PQnfields(client->work) > MAX_PARAMETERS)
		fail("the work of client %d has %d rows of %d columns", client->number,
			 PQntuples(client->work), PQnfields(client->work));
	else if (prepare(client->connection, "book", client->script->book) && client->script->cancel)
		prepare(client->connection, "cancel", client->script->cancel);
}

/* The next row of work to book, or -1 when there is none. */
static int
client_choose(Client *client)
{
	if (client->script->cancel)
		return random_next(&client->random_state) % PQntuples(client->work);
	if (repeat && client->next_row == PQntuples(client->work))
		client->next_row = 0;
	if (client->next_row < PQntuples(client->work))
		return client->next_row++;
	fail("client %d has booked all its %d rows of work; give it more with -n",
		 client->number, client->next_row);
	return -1;
}

/* Book a row of work. */
static Outcome
client_book(Client *client)
{
	const char *parameters[MAX_PARAMETERS];
	int			n_parameters = PQnfields(client->work);
	int			row = client_choose(client);
	PGresult   *result;
	Outcome		outcome;

	if (row < 0)
		return UNEXPECTED;
	for (int i = 0; i < n_parameters; i++)
		parameters[i] = PQgetvalue(client->work, row, i);
	result = PQexecPrepared(client->connection, "book", n_parameters, parameters, NULL, NULL, 0);
	outcome = judge(client, result);
	if (outcome == DONE)
		client->booked++;
	if (outcome == DONE && client->script->cancel)
	{
		Visit	   *visit = &client->visits[(client->first_visit + client->n_visits++) % MAX_VISITS];

		snprintf(visit->id, sizeof(visit->id), "%s", PQgetvalue(result, 0, 0));
		visit->row = row;
	}
	PQclear(result);
	return outcome;
}

/* Cancel what the client booked first. */
static Outcome
client_cancel(Client *client)
{
	Visit	   *visit = &client->visits[client->first_visit];
	const char *parameters[2] = {visit->id, PQgetvalue(client->work, visit->row, 0)};
	int			n_parameters = strstr(client->script->cancel, "$2") ? 2 : 1;
	PGresult   *result = PQexecPrepared(client->connection, "cancel", n_parameters, parameters,
										NULL, NULL, 0);
	Outcome		outcome = judge(client, result);

	PQclear(result);
	if (outcome == REFUSED)
		fail("client %d: visit %s was not there to be cancelled", client->number, visit->id);
	if (outcome != DONE)
		return outcome;
	client->first_visit = (client->first_visit + 1) % MAX_VISITS;
	client->n_visits--;
	client->cancelled++;
	return CANCELLED;
}

static void
client_iterate(Client *client)
{
	double		begun = now();
	double		ended;
	Outcome		outcome;

	if (client->n_visits == MAX_VISITS ||
		(client->n_visits > 0 && random_next(&client->random_state) % 2))
		outcome = client_cancel(client);
	else
		outcome = client_book(client);

	ended = now();
	if (ended < window_start || ended > window_start + seconds)
		return;
	client->answers[outcome]++;
	if (ended - begun > client->longest)
		client->longest = ended - begun;
}

static void *
client_main(void *argument)
{
	Client	   *client = argument;

	client_start(client);
	pthread_barrier_wait(&everyone_ready);	/* all are connected */
	pthread_barrier_wait(&everyone_ready);	/* the clock runs */
	while (!stop && now() < window_start + seconds)
		client_iterate(client);
	PQclear(client->work);
	PQfinish(client->connection);
	return NULL;
}

/* ------------------------------------------------------------------------
 * the observer
 * ------------------------------------------------------------------------
 */

static void
observer_look(PGconn *connection)
{
	PGresult   *result = PQexecPrepared(connection, "look", 0, NULL, NULL, NULL, 0);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		overlaps_seen += atol(PQgetvalue(result, 0, 0));
	else
		fail("cannot look for overlaps: %s", PQerrorMessage(connection));
	looks++;
	PQclear(result);
}

static void *
observer_main(void *argument)
{
	const struct timespec pause = {0, 200 * 1000 * 1000};
	const Script *script = argument;
	PGconn	   *connection = PQconnectdb(conninfo);

	if (PQstatus(connection) != CONNECTION_OK)
		fail("%s", PQerrorMessage(connection));
	else
		prepare(connection, "look", script->look);
	pthread_barrier_wait(&everyone_ready);
	pthread_barrier_wait(&everyone_ready);
	while (!stop && now() < window_start + seconds)
	{
		observer_look(connection);
		nanosleep(&pause, NULL);
	}
	PQfinish(connection);
	return NULL;
}

/* ------------------------------------------------------------------------
 * the run
 * ------------------------------------------------------------------------
 */

static void
report(const Client *clients)
{
	long		answers[N_OUTCOMES] = {0};
	long		booked = 0;
	long		cancelled = 0;
	double		longest = 0;

	for (int i = 0; i < n_clients; i++)
	{
		for (int j = 0; j < N_OUTCOMES; j++)
			answers[j] += clients[i].answers[j];
		booked += clients[i].booked;
		cancelled += clients[i].cancelled;
		if (clients[i].longest > longest)
			longest = clients[i].longest;
	}
	printf("iterations_per_second=%.2f booked_per_second=%.2f refused=%ld"
		   " serialization_failures=%ld deadlocks=%ld longest_ms=%.1f"
		   " looks=%ld overlaps_seen=%ld booked_in_all=%ld cancelled_in_all=%ld\n",
		   (answers[DONE] + answers[CANCELLED] + answers[REFUSED]) / seconds,
		   answers[DONE] / seconds,
		   answers[REFUSED], answers[SERIALIZATION_FAILURE], answers[DEADLOCK],
		   longest * 1000, looks, overlaps_seen, booked, cancelled);
}

static void
usage(void)
{
	fputs("usage: driver -d CONNINFO -c CLIENTS -T SECONDS [-w WARMUP_SECONDS]"
		  " [-n ROWS_OF_WORK] [-r] [-s SEED] SCRIPT...\n", stderr);
	exit(2);
}

static void
read_options(int argc, char **argv)
{
	int			option;

	while ((option = getopt(argc, argv, "d:c:T:w:n:rs:")) != -1)
		switch (option)
		{
			case 'd':
				conninfo = optarg;
				break;
			case 'c':
				n_clients = atoi(optarg);
				break;
			case 'T':
				seconds = atof(optarg);
				break;
			case 'w':
				warmup = atof(optarg);
				break;
			case 'n':
				rows_of_work = atoi(optarg);
				break;
			case 'r':
				repeat = true;
				break;
			case 's':
				seed = strtoull(optarg, NULL, 10);
				break;
			default:
				usage();
		}
	if (optind >= argc || n_clients < 1 || n_clients > MAX_CLIENTS || seconds <= 0)
		usage();
}

static void
start_thread(pthread_t *thread, void *(*body) (void *), void *argument)
{
	if (pthread_create(thread, NULL, body, argument) != 0)
	{
		fputs("driver: cannot start a thread\n", stderr);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	Script	   *scripts;
	Client	   *clients;
	pthread_t	observer;
	int			n_scripts;
	bool		observed;

	read_options(argc, argv);
	n_scripts = argc - optind;
	scripts = calloc(n_scripts, sizeof(Script));
	clients = calloc(n_clients, sizeof(Client));
	if (scripts == NULL || clients == NULL)
		return 2;
	for (int i = 0; i < n_scripts; i++)
		scripts[i] = script_read(argv[optind + i]);

	observed = scripts[0].look != NULL;
	pthread_barrier_init(&everyone_ready, NULL, n_clients + observed + 1);
	for (int i = 0; i < n_clients; i++)
	{
		clients[i].number = i;
		clients[i].script = &scripts[i % n_scripts];
		clients[i].random_state = seed * MAX_CLIENTS + i;
		start_thread(&clients[i].thread, client_main, &clients[i]);
	}
	if (observed)
		start_thread(&observer, observer_main, &scripts[0]);
	pthread_barrier_wait(&everyone_ready);
	window_start = now() + warmup;
	pthread_barrier_wait(&everyone_ready);
	for (int i = 0; i < n_clients; i++)
		pthread_join(clients[i].thread, NULL);
	if (observed)
		pthread_join(observer, NULL);

	if (stop)
		return 1;
	report(clients);
	return 0;
}
