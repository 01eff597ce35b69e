//! `_statistics`: the inverse of the normal distribution function.

use taipan_objects::native::*;
use taipan_objects::prelude::*;

/// Value of a polynomial, the highest coefficient first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

/// Wichura's algorithm AS 241 (PPND16), "The Percentage Points of the Normal Distribution", 1988.
fn inverse(p: f64, mu: f64, sigma: f64) -> f64 {
    const A: [f64; 8] = [
        2.509_080_928_730_122_6e3,
        3.343_057_558_358_812_8e4,
        6.726_577_092_700_870_0e4,
        4.592_195_393_154_987_1e4,
        1.373_169_376_550_946_1e4,
        1.971_590_950_306_551_3e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5e0,
    ];
    const B: [f64; 8] = [
        5.226_495_278_852_854_5e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271_1e4,
        2.121_379_430_158_659_6e4,
        5.394_196_021_424_751_1e3,
        6.871_870_074_920_579_1e2,
        4.231_333_070_160_091_1e1,
        1.0,
    ];
    const C: [f64; 8] = [
        7.745_450_142_783_414_1e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506_1e-1,
        1.270_458_252_452_368_4e0,
        3.647_848_324_763_204_5e0,
        5.769_497_221_460_691_4e0,
        4.630_337_846_156_545_3e0,
        1.423_437_110_749_683_6e0,
    ];
    const D: [f64; 8] = [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_7e-1,
        6.897_673_349_851_000_5e-1,
        1.676_384_830_183_803_8e0,
        2.053_191_626_637_758_8e0,
        1.0,
    ];
    const E: [f64; 8] = [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_3e-2,
        2.965_605_718_285_048_9e-1,
        1.784_826_539_917_291_3e0,
        5.463_784_911_164_114_4e0,
        6.657_904_643_501_103_8e0,
    ];
    const F: [f64; 8] = [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_445_9e-7,
        1.846_318_317_510_054_7e-5,
        7.868_691_311_456_132_6e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358_1e-1,
        5.998_322_065_558_879_4e-1,
        1.0,
    ];
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return mu + polynomial(&A, r) * q / polynomial(&B, r) * sigma;
    }
    let r = (-(if q <= 0.0 { p } else { 1.0 - p }).ln()).sqrt();
    let x = if r <= 5.0 {
        let r = r - 1.6;
        polynomial(&C, r) / polynomial(&D, r)
    } else {
        let r = r - 5.0;
        polynomial(&E, r) / polynomial(&F, r)
    };
    mu + if q < 0.0 { -x } else { x } * sigma
}

/// Accelerators for the statistics module.
#[pymodule(name = "_statistics")]
mod items {
    use super::*;

    #[pyfunction]
    fn _normal_dist_inv_cdf(p: f64, mu: f64, sigma: f64) -> PyResult<f64> {
        if p <= 0.0 || p >= 1.0 || sigma <= 0.0 {
            return Err(value_error("inv_cdf undefined for these parameters"));
        }
        Ok(inverse(p, mu, sigma))
    }
}
