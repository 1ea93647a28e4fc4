// Package contain runs code that reads hostile bytes in a worker process
// without files, network, programs or keys. It promises that whatever a worker
// does costs bounded time, memory and output and ends in an answer or a typed
// error; it never gives a worker more than one sealed input and a pipe for the
// answer.
//
// The worker is the program itself, started again: Main, called first thing in
// main and in TestMain, turns the new process into a worker. On linux the
// worker takes every right from itself before it says that it is ready for
// input: resource limits, no capabilities, no new privileges, Landlock (no file
// system at all, no TCP) and a seccomp list of the calls that the Go runtime
// needs (threads yes; programs, processes, sockets, opening of files and
// executable or shared memory no). If one of them is missing, it refuses to work, unless
// Config.AllowWeak says otherwise. Elsewhere the worker is only a process of
// its own with limits of time and memory (a job object on windows, a watchdog
// inside the worker on darwin): a decoder that is taken over there has the
// rights of the user. Report says what this machine enforces.
//
// A Program is the second kind of contained process: a decoder of the system,
// started for one input. The process contains itself in the same way, but for
// reading the program and its libraries, and then becomes it: it can start no
// other, and has the sealed input and the pipe for its output. It can still ask
// whether a file exists, which Landlock does not hide. Only linux can do that; elsewhere no such program is started.
//
// Threads of a worker are not counted: a hostile worker can start many until
// its wall time ends and it is killed.
package contain
