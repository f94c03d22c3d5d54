/* What a picture of an answer shows, above its panels: the data and the model. */
#include <string.h>

#include "picture.h"

#define EDGE 60

void limes_cli_draw_head(cli_canvas *canvas, const cli_answer_picture *picture) {
  char text[512];
  const cli_answer *answer = picture->answer;
  const char *model = picture->inputs != NULL && picture->inputs->model_text != NULL ? picture->inputs->model_text : "";
  snprintf(text, sizeof text, "%s%s%.150s%s", answer->name, model[0] != '\0' ? "  by  " : "", model,
           strlen(model) > 150 ? " ..." : "");
  limes_cli_words(canvas);
  limes_cli_text(canvas, EDGE, canvas->height - 24, "left", 12, text);
  limes_cli_end_words(canvas);
}
