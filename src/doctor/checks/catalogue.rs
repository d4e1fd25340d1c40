//! The catalogue: what a row is, and the table of all rows.
//!
//! A row's text, check, causes and examples are together in the file of its topic.

use super::{
    Seen, Topic, access, cookies, display, drawing, driver, gpu, gpu_state, injection, launcher, libraries,
    others, renderer, vulkan, x_server,
};
use crate::doctor::facts::Facts;
use serde::Serialize;

/// A row's name. Reports and documents print its number, which therefore never changes. Rows 1 to 49 come from the
/// project's list of container problems; the others were found later. Numbers missing here belong to rows of
/// scripts/lib/launch-errors.tsv that doctor can't see, as do all from 100 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
#[repr(u8)]
pub enum Id {
    DisplayUnset = 1,
    NoServer = 2,
    UnixBeforeHost = 3,
    NoCookie = 4,
    NoCookieOldServer = 5,
    HostBoundCookie = 6,
    StaleCookie = 7,
    CookieFileIsFolder = 8,
    OwnLoopback = 9,
    UntrustedCookie = 10,
    SocketForbidden = 11,
    NoSharedMemory = 13,
    NvidiasServerWithoutClient = 14,
    MesaWithoutDriver = 15,
    NodeForbidden = 16,
    NoOffload = 17,
    ForwardedDisplay = 18,
    Nouveau = 19,
    AnotherGpu = 20,
    Software = 21,
    CopiedFrames = 22,
    GraphicsMissing = 23,
    NoLibXext = 24,
    GpucompMissing = 25,
    NoModeset = 26,
    NoVendorFile = 27,
    HostDriverWithoutGl = 28,
    TooFewDevices = 29,
    RenderNodeForbidden = 30,
    Mig = 31,
    ComputeOnly = 32,
    XwaylandsCookie = 33,
    VerticalSync = 34,
    Wsl = 35,
    Musl = 36,
    OldLibc = 37,
    ServerDiedOfNvidiasEgl = 38,
    VersionMismatch = 45,
    NvmlForbidden = 46,
    DeviceRightsLost = 48,
    EglFailsNvmlWorks = 49,
    WindowLibraryMissing = 50,
    NoKeyboardData = 51,
    ExtensionsMissing = 52,
    ServerHangs = 53,
    NoGlx = 54,
    LibraryCrashes = 55,
    LibraryDamaged = 56,
    LibraryHangs = 57,
    NoLibglvnd = 58,
    NoGpuGiven = 59,
    NoDisplayName = 60,
    NodeWithoutDriver = 61,
    VendorVariableMissing = 63,
    VendorFileBroken = 64,
    GlxFails = 66,
    EglFails = 67,
    OffScreenFails = 68,
    WrongPicture = 69,
    DeniedByPolicy = 70,
    ImageCarriesDriver = 71,
    OutsideLinkersPath = 72,
    CdiIncomplete = 73,
    GpuFaulty = 74,
    EglMask = 75,
    WslSoftware = 76,
    ServerFull = 77,
    ServerRefuses = 78,
    OldLibstdcxx = 79,
    MesaTooOld = 80,
    JetsonWithoutRuntime = 81,
    UnmappedGroup = 82,
    OtherDriver = 83,
    CudaOrder = 84,
    IndirectOnly = 85,
    OthersLibraries = 86,
    ManyOpenFiles = 87,
    VirtualGlWithoutNode = 88,
    VirtualGpu = 89,
    VulkanWithoutGpu = 90,
    ShallowScreen = 91,
}

impl From<Id> for u8 {
    fn from(id: Id) -> u8 {
        id as u8
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        (*self as u8).fmt(f)
    }
}

impl Id {
    pub fn row(self) -> &'static Row {
        rows().find(|row| row.id == self).expect("a test finds the row of every name")
    }
}

/// What a row can cause. Rows name their causes by group, which makes a new row a cause wherever its group is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// It keeps a window from opening.
    Window,
    /// A library is missing or broken, and with it whatever needs the library.
    Library,
    /// It keeps a GPU from drawing.
    Gpu,
    /// It only says that drawing fails, which the error message of a failed run says better.
    Failure,
    /// It causes nothing else.
    Note,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    One(Id),
    Any(Group),
}

pub struct Row {
    pub id: Id,
    pub topic: Topic,
    pub text: Text,
    /// Returns what it saw, if the facts show it.
    pub check: fn(&Facts) -> Option<Seen>,
    pub group: Group,
    /// If one of these has fired, it is the cause of this row.
    pub because_of: &'static [Cause],
}

pub enum Text {
    Own(Words),
    /// scripts/run shows it, too: the text is in scripts/lib/launch-errors.tsv, under the row's number.
    Launcher,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What users see.
    pub symptom: &'static str,
    pub cause: &'static str,
    /// What to add to the command line, or to run on the host.
    pub fix: &'static str,
}

impl Row {
    pub fn words(&self) -> Words {
        match self.text {
            Text::Own(words) => words,
            Text::Launcher => launcher::words(self.id).expect("a test finds the text of every row"),
        }
    }

    /// Whether `other`, which has fired, is the cause of this row.
    pub fn is_because_of(&self, other: &Row) -> bool {
        self.because_of.iter().any(|cause| match cause {
            Cause::One(id) => *id == other.id,
            Cause::Any(group) => *group == other.group,
        })
    }
}

/// All rows, causes before their consequences. The verdict names the first that fires.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let topics = [
        display::ROWS,
        cookies::ROWS,
        x_server::ROWS,
        libraries::ROWS,
        access::ROWS,
        gpu::ROWS,
        gpu_state::ROWS,
        injection::ROWS,
        driver::ROWS,
        drawing::ROWS,
        renderer::ROWS,
        others::ROWS,
        vulkan::ROWS,
    ];
    topics.into_iter().flatten()
}
