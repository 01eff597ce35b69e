//! Running a loom model to its end, within bounds that are the same for all models.

/// Explores every interleaving of `body` with at most `preemptions` involuntary switches.
pub fn explore(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = runs.clone();
    let begun = std::time::Instant::now();
    builder.check(move || {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        body();
    });
    eprintln!("{} runs in {:.1?}", runs.load(std::sync::atomic::Ordering::Relaxed), begun.elapsed());
}
