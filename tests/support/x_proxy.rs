//! Stands between programs and an X server, and makes the server refuse shared memory after some pictures.

use super::support::XServer;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use x11rb::connection::RequestConnection;

/// A display that refuses. Its socket goes when this is dropped.
pub struct RefusingDisplay {
    pub name: String,
    socket: PathBuf,
}

impl RefusingDisplay {
    /// A display before `server` that shows this many pictures of each client through shared memory, and no more.
    pub fn new(server: &XServer, pictures: usize) -> RefusingDisplay {
        let (connection, _) = x11rb::connect(Some(&server.display)).unwrap();
        let opcode = connection.extension_information("MIT-SHM").unwrap().unwrap().major_opcode;
        let number = 50_000 + std::process::id() % 9_000;
        let socket = PathBuf::from(format!("/tmp/.X11-unix/X{number}"));
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let servers = format!("/tmp/.X11-unix/X{}", &server.display[1..]);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), UnixStream::connect(&servers).unwrap());
                let (mut answers, mut listening) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut answers, &mut listening);
                    let _ = listening.shutdown(std::net::Shutdown::Both);
                });
                std::thread::spawn(move || {
                    let _ = pass_requests(&client, &server, opcode, pictures);
                    let _ = server.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        RefusingDisplay { name: format!(":{number}"), socket }
    }
}

impl Drop for RefusingDisplay {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn pass_requests(
    mut client: &UnixStream,
    server: &UnixStream,
    opcode: u8,
    pictures: usize,
) -> std::io::Result<()> {
    // The first message (X protocol, section 8): two strings follow twelve bytes.
    let mut setup = vec![0; 12];
    client.read_exact(&mut setup)?;
    let length = |bytes: &[u8]| usize::from(u16::from_ne_bytes([bytes[0], bytes[1]])).next_multiple_of(4);
    let mut strings = vec![0; length(&setup[6..]) + length(&setup[8..])];
    client.read_exact(&mut strings)?;
    let mut server_end = server;
    server_end.write_all(&[setup, strings].concat())?;
    let (mut waiting, mut shown) = (Vec::new(), 0);
    loop {
        let files = receive(client, &mut waiting)?;
        let mut complete = 0;
        while let Some(length) = request_length(&waiting[complete..]) {
            let request = &mut waiting[complete..complete + length];
            const PUT_IMAGE: u8 = 3;
            if (request[0], request[1]) == (opcode, PUT_IMAGE) {
                shown += 1;
                if shown > pictures {
                    // No segment has this number.
                    request[32..36].copy_from_slice(&1u32.to_ne_bytes());
                }
            }
            complete += length;
        }
        send(server, &waiting[..complete], &files)?;
        waiting.drain(..complete);
    }
}

/// The length of the first request, if all of it is here.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let words = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let length = match words(0)? >> 16 {
        0 => words(4)?,
        short => short,
    };
    let length = length as usize * 4;
    (bytes.len() >= length).then_some(length)
}

fn receive(client: &UnixStream, bytes: &mut Vec<u8>) -> std::io::Result<Vec<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut buffer = vec![0; 1 << 16];
    let received = recvmsg(client, &mut [IoSliceMut::new(&mut buffer)], &mut ancillary, RecvFlags::empty())?.bytes;
    if received == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    bytes.extend(&buffer[..received]);
    let files = ancillary.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => files.collect(),
        _ => Vec::new(),
    });
    Ok(files.collect())
}

fn send(mut server: &UnixStream, bytes: &[u8], files: &[OwnedFd]) -> std::io::Result<()> {
    if files.is_empty() || bytes.is_empty() {
        assert!(files.is_empty(), "a descriptor comes with a request");
        return server.write_all(bytes);
    }
    let files: Vec<_> = files.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&files)));
    let sent = sendmsg(server, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::empty())?;
    server.write_all(&bytes[sent..])
}
