//! Prints how well people are found again, over 20,000 synthetic ones: the figures of `docs/matching.md`.
use claimant_gateway::domain::matching::figures::{VARIATIONS, measure};

fn main() {
    let figures = measure(20_000, 1);
    let percent = |part: f64| format!("{:.2} %", 100.0 * part);
    println!("| second registration | people | likely | likely or possible |");
    println!("|---|---|---|---|");
    for (variation, (people, likely, some)) in &figures.found {
        let of = |part: &usize| percent(*part as f64 / *people as f64);
        println!(
            "| {} | {people} | {} | {} |",
            VARIATIONS[*variation],
            of(likely),
            of(some)
        );
    }
    let (precision, recall) = (figures.precision(), figures.recall());
    println!(
        "| **recall** | | {} | {} |",
        percent(recall.0),
        percent(recall.1)
    );
    println!(
        "| **precision** | | {} | {} |",
        percent(precision.0),
        percent(precision.1)
    );
    let (compared, all) = figures.compared;
    println!(
        "\nCompared {compared} pairs of {all}: {}.",
        percent(compared as f64 / all as f64)
    );
}
