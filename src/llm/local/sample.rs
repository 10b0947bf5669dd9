//! Chooses the next token from the scores of all.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Only this many of the likeliest tokens are considered.
const TOP_K: usize = 20;
/// Of those, the likeliest that together reach this share.
const TOP_P: f32 = 0.8;

/// How tokens are chosen in one generation.
#[derive(Debug)]
pub struct Sampler {
    temperature: f32,
    random: StdRng,
}

impl Sampler {
    /// At a temperature of 0 always the likeliest; else by a lot that depends on `seed` alone.
    pub fn new(temperature: f64, seed: u64) -> Self {
        Self { temperature: temperature as f32, random: StdRng::seed_from_u64(seed) }
    }

    /// The next token; 0 if there are no scores.
    pub fn choose(&mut self, scores: &[f32]) -> u32 {
        let is_greedy = self.temperature <= 0.0;
        let best = best(scores, if is_greedy { 1 } else { TOP_K });
        let Some(&(likeliest, highest)) = best.first() else { return 0 };
        if is_greedy {
            return likeliest;
        }
        let weight = |&(id, score): &(u32, f32)| (id, ((score - highest) / self.temperature).exp());
        let weighted: Vec<(u32, f32)> = best.iter().map(weight).collect();
        let enough = weighted.iter().map(|(_, weight)| weight).sum::<f32>() * TOP_P;
        let mut reached = 0.0;
        let needed = weighted.iter().take_while(|(_, weight)| {
            let is_needed = reached < enough;
            reached += weight;
            is_needed
        });
        let nucleus: Vec<(u32, f32)> = needed.copied().collect();
        let total: f32 = nucleus.iter().map(|(_, weight)| weight).sum();
        let mut ticket = self.random.random::<f32>() * total;
        let drawn = nucleus.iter().find(|(_, weight)| {
            ticket -= weight;
            ticket <= 0.0
        });
        drawn.or(nucleus.last()).map_or(likeliest, |&(id, _)| id)
    }
}

/// The `count` best tokens with their scores, best first; of equals the first. What is not a number is left out.
fn best(scores: &[f32], count: usize) -> Vec<(u32, f32)> {
    let mut best: Vec<(u32, f32)> = Vec::with_capacity(count + 1);
    let mut bar = f32::NEG_INFINITY;
    for (id, &score) in (0..).zip(scores) {
        if score > bar {
            let place = best.partition_point(|&(_, better)| better >= score);
            best.insert(place, (id, score));
            best.truncate(count);
            if best.len() == count {
                bar = best[count - 1].1;
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::Sampler;

    fn draws(temperature: f64, seed: u64, scores: &[f32]) -> Vec<u32> {
        let mut sampler = Sampler::new(temperature, seed);
        (0..200).map(|_| sampler.choose(scores)).collect()
    }

    #[test]
    fn without_temperature_the_likeliest_is_taken_and_the_first_of_equals() {
        assert_eq!(Sampler::new(0.0, 1).choose(&[0.5, 2.0, f32::NAN, 2.0]), 1);
    }

    #[test]
    fn the_same_seed_draws_the_same_tokens() {
        let scores: Vec<f32> = (0_u8..60).map(|n| f32::from(n % 7)).collect();
        assert_eq!(draws(1.0, 7, &scores), draws(1.0, 7, &scores));
        assert_ne!(draws(1.0, 7, &scores), draws(1.0, 8, &scores));
    }

    #[test]
    fn unlikely_tokens_are_never_drawn() {
        let drawn = draws(1.0, 3, &[3.0, 3.0, 3.0, 0.0, -9.0]);
        assert!((0..3).all(|id| drawn.contains(&id)), "the three likely ones all come");
        assert!(drawn.iter().all(|&id| id < 3), "the rest is outside the 80 %");
    }
}
