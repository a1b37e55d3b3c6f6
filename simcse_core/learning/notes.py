"""The notes of a training, in English by code; a page translates them."""

NOTES = {
    "diverged": "Diverged: the loss is no number any more, the steps were too large. Choose a smaller learning rate.",
    "rising": "The loss rises: {now:.3g} on average, after {first:.3g} at the start. Choose a smaller learning rate.",
    "collapsed": "Collapse: all texts have nearly the same embedding (mean cosine {cosine:.3f}, effective rank "
    "{rank:.1f}). A smaller learning rate, another loss or larger batches help.",
    "not_spread": "All texts have nearly the same embedding (mean cosine {cosine:.3f}, effective rank {rank:.1f}). "
    "Hidden words teach what words mean; a fine-tuning afterwards spreads the sentences.",
    "identical_views": "The two views of each text are identical: without dropout there is nothing to align, the texts "
    "are only spread. Set dropout to 0.1, and train layers, which have it.",
    "no_active_triplets": "No triplet of the last {steps} steps violates the margin: nothing is learned any more. "
    "Choose a larger margin or another mining.",
    "stuck_at_margin": "The loss stays at its margin of {margin:g}: matches and mismatches are equally close, the sign "
    "of a collapse.",
    "no_gradient": "The gradient has been 0 for {steps} steps: nothing is learned.",
    "batch_is_all": "The batch of {batch} is larger than the data of {rows} rows: each step takes all rows.",
    "no_checkpoint": "The training goes on, but cannot be resumed from here: {reason}",
    "began_anew": "The training could not go on from its checkpoint and began anew: {reason} What it had measured is "
    "kept in its folder.",
    "time_limit": "Ended before step {steps:,}: a run may take {minutes:,} minutes here (SIMCSE_MAX_RUN_MINUTES).",
    "converted": "{how}",
    "start_was_best": "No moment of the training was better on the held-out data than the start, so the model is the "
    "start.",
    "best_of_many": "The result is the best of {n} measurements on the same held-out data: on other data expect a "
    "little less.",
}
