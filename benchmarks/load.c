/* Simulated calls against a FastAGI server on this machine, as fast as it answers. Prints JSON.
 *
 *     load PORT CONCURRENCY SECONDS   a closed loop: a call that ends makes room for the next
 *     load hold PORT COUNT            calls that never answer their first command, until stdin ends
 *     load burst PORT COUNT           calls that all connect at once, each to its end
 *
 * One thread, one epoll, nothing parsed beyond the first words of a command, so that the server is
 * what limits. Channel, unique ID, caller and the values of variables are other ones in each call, so
 * that nobody gains by remembering what the last call said.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    COMMANDS = 11, /* of the standard call; a call with fewer was cut off */
    LINE = 1024,   /* bytes; longer commands are a failure */
    BLOCK = 1024,  /* bytes; the environment is shorter */
    BATCH = 256,   /* events taken at a time */
    PATIENCE = 60, /* seconds until a burst is given up, or a call that is to be held */
};

/* Seconds before counting begins, once all calls are there. */
static const double WARM_UP = 0.6;
/* Seconds that the warm-up, and the counting, may take at most if calls do not end. */
static const double LONGEST = 15.0;
/* A connect that takes longer has waited for the kernel to try again, which it does after 1 s. */
static const double RETRY = 0.9;

/* Of call %u: its channel, its unique ID, its caller. */
#define ENVIRONMENT                                                                               \
    "agi_network: yes\nagi_network_script: demo?x=1\nagi_request: agi://127.0.0.1/demo?x=1\n"       \
    "agi_channel: PJSIP/alice-%08x\nagi_language: en\nagi_type: PJSIP\n"                            \
    "agi_uniqueid: 1795378777.%u\nagi_version: 22.10.1\nagi_callerid: %06u\n"                       \
    "agi_calleridname: Alice\nagi_callingpres: 0\nagi_callingani2: 0\nagi_callington: 0\n"          \
    "agi_callingtns: 0\nagi_dnid: 5551234\nagi_rdnis: unknown\nagi_context: sip\n"                  \
    "agi_extension: 5551234\nagi_priority: 1\nagi_enhanced: 0.0\nagi_accountcode: \n"               \
    "agi_threadid: 139857114666688\n\n"

enum state { OPEN, SERVED, FAILED };

struct call {
    int fd;
    unsigned number;  /* of this call, among all */
    bool greeted;     /* the environment is sent */
    int commands;     /* answered so far */
    double since;     /* when connect() was called */
    double connected; /* seconds it took */
    double heard;     /* when something came last */
    size_t held;      /* bytes of a command that is not complete */
    char data[LINE];
};

struct tally {
    double *durations; /* seconds, of the calls that were served */
    size_t served, room, failed, commands, retransmitted;
};

static struct sockaddr_in server = {.sin_family = AF_INET};
static int poller;
static size_t answered; /* commands in all */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

static bool send_all(int fd, const char *data, size_t length)
{
    /* What is sent is far smaller than a socket's buffer: less than all of it is an error. */
    return send(fd, data, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool send_environment(int fd, unsigned number)
{
    char block[BLOCK];
    int length = snprintf(block, sizeof block, ENVIRONMENT, number, number, number);
    return send_all(fd, block, (size_t)length);
}

/* ---- one call ---- */

static bool greet(struct call *call)
{
    call->greeted = send_environment(call->fd, call->number);
    if (call->greeted)
        call->connected = now() - call->since;
    return call->greeted;
}

static void watch(struct call *call, int operation)
{
    struct epoll_event event = {.events = call->greeted ? EPOLLIN : EPOLLOUT, .data.ptr = call};
    if (epoll_ctl(poller, operation, call->fd, &event) < 0)
        die("epoll_ctl");
}

static void start(struct call *call)
{
    static unsigned calls;
    int on = 1;
    call->number = ++calls;
    call->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (call->fd < 0)
        die("socket");
    call->commands = 0;
    call->held = 0;
    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    call->since = call->heard = now();
    if (connect(call->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)
        die("connect");
    /* On the same machine the connection mostly stands already. If not, or if it was refused,
     * epoll says so. */
    greet(call);
    watch(call, EPOLL_CTL_ADD);
}

/* A variable evaluated as text is the text, so GET FULL VARIABLE "token" echoes its token. */
static bool echo(int fd, const char *line, const char *end)
{
    char reply[LINE + 32];
    const char *from = memchr(line, '"', (size_t)(end - line));
    const char *to = from ? memchr(from + 1, '"', (size_t)(end - from - 1)) : NULL;
    if (!to)
        return false;
    int length =
        snprintf(reply, sizeof reply, "200 result=1 (%.*s)\n", (int)(to - from - 1), from + 1);
    return send_all(fd, reply, (size_t)length);
}

static bool give_value(int fd, unsigned number)
{
    char reply[64];
    int length = snprintf(reply, sizeof reply, "200 result=1 (%06u)\n", number);
    return send_all(fd, reply, (size_t)length);
}

static bool answer(const struct call *call, const char *line, const char *end)
{
    static const char played[] = "200 result=0 endpos=3520\n";
    static const char done[] = "200 result=1\n", answered[] = "200 result=0\n";
    static const char stream[] = "STREAM FILE ", full[] = "GET FULL VARIABLE ";
    static const char get[] = "GET VARIABLE ";
    size_t length = (size_t)(end - line);
    int fd = call->fd;
    if (length > sizeof stream && memcmp(line, stream, sizeof stream - 1) == 0)
        return send_all(fd, played, sizeof played - 1);
    if (length > sizeof full && memcmp(line, full, sizeof full - 1) == 0)
        return echo(fd, line, end);
    if (length > sizeof get && memcmp(line, get, sizeof get - 1) == 0)
        return give_value(fd, call->number);
    if (line[0] == 'A') /* ANSWER */
        return send_all(fd, answered, sizeof answered - 1);
    return send_all(fd, done, sizeof done - 1);
}

/* Answer each complete line, and keep what is left. */
static bool answer_lines(struct call *call)
{
    char *line = call->data, *end = call->data + call->held, *feed;
    while ((feed = memchr(line, '\n', (size_t)(end - line)))) {
        if (!answer(call, line, feed))
            return false;
        call->commands++;
        answered++;
        line = feed + 1;
    }
    call->held = (size_t)(end - line);
    memmove(call->data, line, call->held);
    return call->held < LINE;
}

/* Do what an event asks for. */
static enum state advance(struct call *call)
{
    if (!call->greeted) {
        if (!greet(call))
            return FAILED;
        watch(call, EPOLL_CTL_MOD);
        return OPEN;
    }
    ssize_t got = recv(call->fd, call->data + call->held, LINE - call->held, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? OPEN : FAILED;
    if (got == 0)
        return call->commands >= COMMANDS && call->held == 0 ? SERVED : FAILED;
    call->heard = now();
    call->held += (size_t)got;
    return answer_lines(call) ? OPEN : FAILED;
}

/* Whether anything had to be sent twice: on this machine, because a queue was full. */
static bool was_retransmitted(const struct call *call)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    getsockopt(call->fd, IPPROTO_TCP, TCP_INFO, &info, &size);
    return info.tcpi_total_retrans > 0;
}

static void count(struct tally *tally, const struct call *call, enum state state)
{
    tally->commands += (size_t)call->commands;
    tally->retransmitted += was_retransmitted(call);
    if (state == FAILED) {
        tally->failed++;
        return;
    }
    if (tally->served == tally->room) {
        tally->room = tally->room ? 2 * tally->room : 4096;
        tally->durations = realloc(tally->durations, tally->room * sizeof *tally->durations);
        if (!tally->durations)
            die("realloc");
    }
    tally->durations[tally->served++] = now() - call->since;
}

/* Wait for events and do what they ask for; `ended` gets each call that is over. */
static void serve(int milliseconds, struct tally *tally, void (*ended)(struct call *))
{
    struct epoll_event events[BATCH];
    int ready = epoll_wait(poller, events, BATCH, milliseconds);
    if (ready < 0 && errno != EINTR)
        die("epoll_wait");
    for (int i = 0; i < ready; i++) {
        struct call *call = events[i].data.ptr;
        enum state state = advance(call);
        if (state == OPEN)
            continue;
        count(tally, call, state);
        close(call->fd);
        ended(call);
    }
}

static struct call *calls_for(int count)
{
    struct call *calls = calloc((size_t)count, sizeof *calls);
    if (!calls)
        die("calloc");
    return calls;
}

/* ---- the closed loop ---- */

static int ascending(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double percentile_ms(const struct tally *tally, size_t percent)
{
    return tally->served ? 1000 * tally->durations[tally->served * percent / 100] : 0;
}

struct counted {
    double took, cpu; /* seconds */
    size_t starved;
};

static void report(struct tally *tally, const struct counted *counted)
{
    if (tally->served)
        qsort(tally->durations, tally->served, sizeof *tally->durations, ascending);
    printf("{\"calls\": %zu, \"seconds\": %.3f, \"calls_per_second\": %.1f, "
           "\"commands_per_second\": %.1f, \"failed\": %zu, \"starved\": %zu, "
           "\"retransmitted\": %zu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"load_cpu\": %.3f}\n",
           tally->served, counted->took, (double)tally->served / counted->took,
           (double)tally->commands / counted->took, tally->failed, counted->starved,
           tally->retransmitted, percentile_ms(tally, 50), percentile_ms(tally, 99),
           counted->cpu / counted->took);
}

static size_t ended_of(const struct tally *tally)
{
    return tally->served + tally->failed;
}

/* For each eleven commands one call more begins, until there are enough: as fast as the server
 * serves, and not in step. It would see all of them connect, then all of them play, and its queue
 * of connections would have to hold them all. */
static void warm_up(struct call *calls, int concurrency)
{
    struct tally tally = {0};
    double opened = now();
    int started = 0;
    while (started < concurrency) {
        bool slow = now() > opened + LONGEST;
        while (started < concurrency && (slow || (size_t)started <= answered / COMMANDS))
            start(&calls[started++]);
        serve(100, &tally, start);
    }
    for (double warm = now() + WARM_UP; now() < warm;)
        serve(100, &tally, start);
    free(tally.durations);
}

/* Whether counting is over: after whole turns only, as many calls as there are at a time. Between
 * them calls may come in waves, and a part of one would say too much or too little. */
static bool is_counted(const struct tally *tally, double elapsed, int concurrency, double seconds,
                       size_t *turns)
{
    if (elapsed >= seconds + LONGEST)
        return true;
    if (ended_of(tally) < (*turns + 1) * (size_t)concurrency)
        return false;
    *turns = ended_of(tally) / (size_t)concurrency;
    return elapsed >= seconds;
}

/* How many calls nothing came in while all others were served at least once. */
static size_t silent_since(const struct call *calls, int concurrency, double began)
{
    size_t silent = 0;
    for (int i = 0; i < concurrency; i++)
        silent += calls[i].heard < began;
    return silent;
}

static void closed_loop(int concurrency, double seconds)
{
    struct call *calls = calls_for(concurrency);
    struct tally tally = {0};
    struct counted counted;
    warm_up(calls, concurrency);
    size_t turns = 0;
    double began = now(), time = began, cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    fputs("counting\n", stderr); /* who measures the server too begins here, */
    for (; !is_counted(&tally, time - began, concurrency, seconds, &turns); time = now())
        serve(100, &tally, start);
    fputs("counted\n", stderr); /* and ends here */
    counted.took = time - began;
    counted.cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    counted.starved = silent_since(calls, concurrency, began);
    report(&tally, &counted);
    free(calls);
}

/* ---- a burst ---- */

static void forget(struct call *call)
{
    call->fd = -1;
}

static void burst(int count)
{
    struct call *calls = calls_for(count);
    struct tally tally = {0};
    double began = now(), slowest = 0;
    int retried = 0;
    for (int i = 0; i < count; i++)
        start(&calls[i]);
    double connects = now() - began;
    while (tally.served + tally.failed < (size_t)count && now() - began < PATIENCE)
        serve(1000, &tally, forget);
    for (int i = 0; i < count; i++) {
        slowest = calls[i].connected > slowest ? calls[i].connected : slowest;
        retried += calls[i].connected > RETRY;
    }
    printf("{\"served\": %zu, \"failed\": %zu, \"retried\": %d, \"retransmitted\": %zu, "
           "\"connects_ms\": %.1f, \"slowest_connect_ms\": %.1f, \"seconds\": %.2f}\n",
           tally.served, (size_t)count - tally.served, retried, tally.retransmitted,
           1000 * connects, 1000 * slowest, now() - began);
}

/* ---- calls that wait ---- */

/* Open a call and read its first command; one after the other is soon enough here. */
static bool hold_one(unsigned number)
{
    char data[LINE];
    size_t held = 0;
    struct timeval patience = {.tv_sec = PATIENCE};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0 ||
        !send_environment(fd, number))
        return false;
    while (held < LINE && !memchr(data, '\n', held)) {
        ssize_t got = recv(fd, data + held, LINE - held, 0);
        if (got <= 0)
            return false;
        held += (size_t)got;
    }
    return true;
}

static void hold(int count)
{
    char ignored[64];
    int held = 0;
    for (int i = 0; i < count; i++)
        held += hold_one((unsigned)i + 1);
    printf("{\"held\": %d}\n", held);
    fflush(stdout);
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
        ;
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    bool named = argc == 4 && (!strcmp(argv[1], "hold") || !strcmp(argv[1], "burst"));
    int port = argc == 4 ? atoi(argv[named ? 2 : 1]) : 0;
    int count = argc == 4 ? atoi(argv[named ? 3 : 2]) : 0;
    double seconds = argc == 4 && !named ? atof(argv[3]) : 1;
    if (port <= 0 || port > 65535 || count <= 0 || seconds <= 0) {
        fputs("usage: load PORT CONCURRENCY SECONDS | hold PORT COUNT | burst PORT COUNT\n", stderr);
        return 2;
    }
    server.sin_port = htons((uint16_t)port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0)
        die("epoll_create1");
    raise_file_limit();
    if (!named)
        closed_loop(count, seconds);
    else if (argv[1][0] == 'h')
        hold(count);
    else
        burst(count);
    return 0;
}
