/* The routes to an empirical kernel as a table: flops, memory, time, and which is taken. */
#include <stdlib.h>
#include <time.h>

#include "model/text.h"
#include "network/draws.h"

#define SIDE 256 /* of the matrices that are multiplied to see how fast the machine is */
#define REPEATS 8

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

typedef struct {
  limes_context *context;
  double slowness; /* seconds here for one of the nominal core */
} speed;

/* One task of a parallel loop: there OpenBLAS has one thread, as it will have. */
static limes_status measure(void *shared, size_t task, unsigned worker, limes_job *job) {
  (void)task;
  (void)worker;
  (void)job;
  speed *s = shared;
  double *x = limes_matrix(s->context, SIDE, 3 * SIDE), best = 1e300;
  if (x == NULL)
    return LIMES_NO_MEMORY;
  for (int k = 0; k < REPEATS; k++) {
    double started = now();
    limes_gemm(true, false, SIDE, SIDE, SIDE, 1, x, SIDE, x + SIDE * SIDE, SIDE, 0, x + 2 * SIDE * SIDE, SIDE);
    double seconds = now() - started;
    best = seconds < best ? seconds : best;
  }
  free(x);
  s->slowness = best / limes_route_seconds(2.0 * SIDE * SIDE * SIDE);
  return LIMES_OK;
}

static void put_route(limes_text *text, const limes_route_report *route, bool chosen) {
  limes_text_add(text, "  %-12s %10.3g %12.3g %8u   ", limes_route_name(route->route), route->flops / 1e9,
                 (double)route->bytes / 1e6, route->threads);
  if (route->threads == 0)
    limes_text_add(text, "%10s", "-");
  else
    limes_text_add(text, "%8.3g s", route->seconds);
  limes_text_add(text, "%s\n", chosen ? "   <- this one" : route->threads == 0 ? "   does not fit" : "");
}

static limes_status write_text(limes_context *context, const limes_network *network, size_t n_a, size_t n_b, size_t draws,
                               limes_empirical_report *report) {
  limes_text text = {.context = context};
  limes_text_add(&text, "  %-12s %10s %12s %8s   %10s\n", "route", "Gflops", "MB a thread", "threads", "time");
  for (int k = 0; k < LIMES_NTK_ROUTES; k++)
    put_route(&text, &report->route[k], report->chosen == report->route[k].route);
  limes_text_add(&text, "\n%-10s %zu x %zu%s, %zu draw%s\n", "kernel", n_a, n_b, network->n_side == 1 ? ", one triangle" : "",
                 draws, draws == 1 ? "" : "s");
  limes_text_add(&text, "%-10s %zu parameters, NTK over %zu of %zu outputs\n", "network", report->parameters, report->outputs,
                 limes_network_channels(network));
  limes_text_add(&text, "%-10s %.3g GB\n", "allowed", (double)report->free_bytes / 1e9);
  return limes_text_finish(&text, &report->text);
}

static limes_status find_routes(limes_context *context, const limes_network *network, size_t entries, size_t draws,
                                limes_empirical_report *report) {
  speed s = {.context = context};
  limes_status status = limes_parallel(context, "measuring", 1, 1, measure, &s);
  double outputs = (double)report->outputs;
  for (int k = 0; k < LIMES_NTK_ROUTES && status == LIMES_OK; k++) {
    limes_route route;
    limes_route_report *of = &report->route[k];
    status = limes_route_find(context, network, 0, network->n_side - 1, (limes_ntk_route)k, &route);
    if (status != LIMES_OK)
      break;
    of->route = route.kind;
    of->flops = route.flops * outputs * (double)draws;
    of->bytes = route.bytes;
    of->threads = limes_draw_workers(context, draws, entries, report->free_bytes, route.bytes);
    double rounds = of->threads == 0 ? 0 : (double)((draws + of->threads - 1) / of->threads);
    of->seconds = rounds * s.slowness * (route.seconds * outputs + limes_draw_seconds((double)network->parameters));
    limes_route_clear(&route);
  }
  return status;
}

/* The chosen one by the rule of limes_empirical_draws */
static limes_status choose(limes_context *context, const limes_network *network, limes_ntk_route kind,
                           limes_empirical_report *report) {
  limes_route route;
  report->chosen = LIMES_NTK_AUTO;
  limes_status status = limes_route_choose(context, network, 0, network->n_side - 1, kind, report->free_bytes, &route);
  if (status == LIMES_OK)
    report->chosen = route.kind;
  limes_route_clear(&route);
  return status;
}

static limes_status explain(limes_context *context, const limes_network *network, const limes_empirical_options *options,
                            limes_empirical_report *report) {
  size_t n_a = network->side[0].batch->items, n_b = network->side[network->n_side - 1].batch->items;
  size_t channels = limes_network_channels(network);
  report->parameters = network->parameters;
  report->outputs = options->outputs == 0 || options->outputs > channels ? channels : options->outputs;
  report->free_bytes = limes_memory_limit(context);
  limes_status status = find_routes(context, network, n_a * n_b, options->draws, report);
  if (status != LIMES_OK)
    return status;
  limes_status fits = choose(context, network, options->route, report);
  if (fits != LIMES_OK && fits != LIMES_REFUSED)
    return fits;
  status = write_text(context, network, n_a, n_b, options->draws, report);
  return status == LIMES_OK ? fits : status;
}

limes_status limes_explain_empirical(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                                     const limes_network_settings *settings, const limes_empirical_options *options,
                                     limes_empirical_report *report) {
  limes_network *network = NULL;
  *report = (limes_empirical_report){0};
  limes_status status = limes_open_draws(context, model, a, b, settings, NULL, &network);
  if (status == LIMES_OK)
    status = explain(context, network, options, report);
  limes_network_destroy(network);
  return status;
}
