package rig

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/<pid>/stat, the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Usage is the CPU time of processes, by their ids.
type Usage map[int]used

type used struct {
	by   string // who used it
	time time.Duration
}

// Since is how much more the processes have used than they had before. One that was not there before counts in full.
func (u Usage) Since(before Usage) (total time.Duration) {
	for _, part := range u.Split(before) {
		total += part
	}
	return total
}

// Split is Since for each program, postgres and rabbitmq by themselves.
func (u Usage) Split(before Usage) map[string]time.Duration {
	parts := map[string]time.Duration{}
	for pid, now := range u {
		parts[now.by] += now.time - before[pid].time
	}
	return parts
}

// Usage reads the CPU time of a side's programs, of its sessions in Postgres with the writers that work for all, and of
// the broker. The broker works for others too: only on a quiet machine is its share exact.
func (r *Rig) Usage(ctx context.Context, s Side) (Usage, error) {
	sessions, err := r.sessions(ctx, s.Sessions)
	if err != nil {
		return nil, err
	}
	usage := Usage{}
	add := func(pid int, by string) {
		if time, err := cpuTime(pid); err == nil { // it may have ended
			usage[pid] = used{by, time}
		}
	}
	for _, p := range s.Processes {
		add(p.command.Process.Pid, p.Name)
	}
	for _, pid := range sessions {
		add(pid, "postgres")
	}
	if r.rabbit != 0 && !s.noBroker {
		add(r.rabbit, "rabbitmq")
	}
	return usage, nil
}

func (r *Rig) sessions(ctx context.Context, names []string) (local []int, err error) {
	rows, err := r.db.Query(ctx, `SELECT pid FROM pg_stat_activity
		WHERE application_name = ANY($1) OR backend_type IN ('walwriter', 'background writer', 'checkpointer')`, names)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			return nil, err
		}
		if isProgram(pid, "postgres") {
			local = append(local, pid)
		}
	}
	return local, rows.Err()
}

// Resident is the memory that a process holds, in bytes.
func (p *Process) Resident() (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm of %s is unreadable", p.Name)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// Peak is the most memory that the process has ever held, in bytes.
func (p *Process) Peak() (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("status of %s is unreadable", p.Name)
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10, err
}

// CPU is the CPU time that the process has used.
func (p *Process) CPU() (time.Duration, error) { return cpuTime(p.command.Process.Pid) }

func cpuTime(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, in brackets, may hold anything; the fields are counted from behind it.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	const user, system = 11, 12
	if len(fields) <= system {
		return 0, fmt.Errorf("stat of process %d is unreadable", pid)
	}
	var ticks int64
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

func isProgram(pid int, name string) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.TrimSpace(string(raw)) == name
}
