// Package chats keeps what was read from chats: groups, members, messages,
// attachments and the timeline of joining and leaving. It promises that a
// protected source's export shows neither its owner nor the traces of one
// ("You", the missing join, a gap in the count) unless a protected view is
// opened; it never turns a label into a person.
package chats
