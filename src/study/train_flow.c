/* Gradient flow by Runge-Kutta-Fehlberg 4(5) steps of GSL (docs/mathematics.md, section 11). Its steps depend on parameters, time
 * and the next stride alone, and so a flow that is taken up again goes on with the same bits. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "study/train.h"

#define VECTORS 14 /* [parameters] that GSL takes for such a step, its control and its history, and a few more */

typedef struct {
  limes_context *context;
  limes_training *training;
  limes_status status;
} flow;

/* dtheta/dt = -eta grad L */
static int derivative(double time, const double theta[], double change[], void *user) {
  flow *f = user;
  limes_training *training = f->training;
  limes_pass pass = limes_training_pass(training, 0);
  (void)time;
  pass.y = training->y[0];
  pass.gradient = change;
  limes_network_set(training->network, theta);
  f->status = limes_pass_run(f->context, &pass);
  if (f->status != LIMES_OK)
    return GSL_EBADFUNC;
  training->loss = pass.loss;
  for (size_t p = 0; p < training->P; p++)
    change[p] *= -training->used.learning_rate;
  if (!isfinite(pass.loss))
    f->status = limes_training_diverges(f->context, training);
  return f->status == LIMES_OK ? GSL_SUCCESS : GSL_EBADFUNC;
}

typedef struct {
  gsl_odeiv2_step *step;
  gsl_odeiv2_control *control;
  gsl_odeiv2_evolve *evolve;
} integrator;

/* GSL ends the program where it finds no memory: it is asked for before. */
static limes_status check_memory(limes_context *context, size_t parameters) {
  void *room = limes_allocate(context, limes_multiply_capped(parameters, VECTORS), sizeof(double));
  free(room);
  return room == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

static limes_status create_integrator(limes_context *context, const limes_training *training, integrator *made) {
  limes_status status = check_memory(context, training->P);
  if (status != LIMES_OK)
    return status;
  made->step = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rkf45, training->P);
  made->control = gsl_odeiv2_control_standard_new(training->used.tolerance, training->used.tolerance, 1, 0);
  made->evolve = gsl_odeiv2_evolve_alloc(training->P);
  return LIMES_OK;
}

static void destroy_integrator(integrator *made) {
  gsl_odeiv2_evolve_free(made->evolve);
  gsl_odeiv2_control_free(made->control);
  gsl_odeiv2_step_free(made->step);
}

static limes_status evolve(flow *f, integrator *with, double until, limes_step_callback *step, void *user) {
  limes_training *training = f->training;
  gsl_odeiv2_system system = {derivative, NULL, training->P, f};
  while (training->time < until) {
    int failed = gsl_odeiv2_evolve_apply(with->evolve, with->control, with->step, &system, &training->time, until,
                                         &training->stride, training->theta);
    if (failed != GSL_SUCCESS)
      return f->status != LIMES_OK ? f->status
                                   : limes_fail(f->context, LIMES_FAILED,
                                                "gradient flow stops at time %g: no step is small enough for the tolerance %g; "
                                                "allow a larger one",
                                                training->time, training->used.tolerance);
    training->step++;
    limes_status status = step(user);
    if (status != LIMES_OK)
      return status;
  }
  return LIMES_OK;
}

limes_status limes_training_flow(limes_context *context, limes_training *training, double until, limes_step_callback *step,
                                 void *user) {
  flow f = {context, training, LIMES_OK};
  integrator with = {0};
  limes_status status = create_integrator(context, training, &with);
  if (status != LIMES_OK)
    return status;
  status = evolve(&f, &with, until, step, user);
  destroy_integrator(&with);
  return status;
}
