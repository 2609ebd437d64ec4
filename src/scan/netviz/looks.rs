//! What each class of traffic looks like.
//!
//! Colours differ in brightness, and neighbours also in hatching, so that the picture can be
//! read in grey and by people who see colours differently.

use super::classes::Class;
use super::page::{Color, Fill, Hatch};
use super::ports::Service;

/// Bars that stand for no class.
pub(super) const NEUTRAL: Fill = Fill::Plain(Color(112, 122, 138));

/// The look of `class`, in every chart and in the legend.
pub(super) fn look(class: Class) -> Fill {
    match class {
        Class::Service(Service::Http) => Fill::Plain(Color(24, 72, 160)),
        Class::Service(Service::Https) => Fill::Hatched(Color(58, 158, 72), Hatch::Rising),
        Class::Service(Service::Ssh) => Fill::Hatched(Color(112, 48, 160), Hatch::Level),
        Class::Service(Service::Ftp) => Fill::Hatched(Color(206, 32, 32), Hatch::Upright),
        Class::Ranked(0) => Fill::Plain(Color(240, 150, 30)),
        Class::Ranked(1) => Fill::Hatched(Color(190, 24, 120), Hatch::Grid),
        Class::Ranked(2) => Fill::Hatched(Color(122, 78, 40), Hatch::Falling),
        Class::Ranked(_) => Fill::Hatched(Color(0, 140, 140), Hatch::Dots),
        Class::OtherPorts => Fill::Plain(Color(208, 208, 208)),
        Class::NotTcp => Fill::Outline,
    }
}
