//! Work spread over threads that each take the next item.

use std::sync::Mutex;
use std::sync::mpsc;

/// Applies `work` to all items, `jobs` at a time; results come in the items' order. The first error is the result.
pub fn map<T: Sync, R: Send>(
    jobs: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let queue = Mutex::new(items.iter().enumerate());
    let (sender, receiver) = mpsc::channel();
    let take = || queue.lock().ok().and_then(|mut queue| queue.next());
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(items.len()) {
            let (sender, take, work) = (sender.clone(), &take, &work);
            scope.spawn(move || {
                while let Some((index, item)) = take() {
                    if sender.send((index, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
    });
    let mut results: Vec<(usize, Result<R, String>)> = receiver.into_iter().collect();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
