// Package rig runs what is measured: DataSync's own binaries and the floor, each with schemas and a virtual host of its
// own, and reads what they cost.
package rig
