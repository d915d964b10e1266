package webhooks

import (
	"container/heap"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
)

// task is a job with the moment it is due and the fate that the knobs gave it.
type task struct {
	job  account.Job
	due  time.Time
	drop bool
}

// queue holds tasks by the time they are due. It is not safe for concurrent use.
type queue struct{ tasks tasks }

func (q *queue) push(t task) { heap.Push(&q.tasks, t) }

// pop returns the task that is due first, if it is due.
func (q *queue) pop(now time.Time) (task, bool) {
	if len(q.tasks) == 0 || q.tasks[0].due.After(now) {
		return task{}, false
	}
	t, ok := heap.Pop(&q.tasks).(task)
	return t, ok
}

// next is when the first task is due; false when there is none.
func (q *queue) next() (time.Time, bool) {
	if len(q.tasks) == 0 {
		return time.Time{}, false
	}
	return q.tasks[0].due, true
}

type tasks []task

func (t tasks) Len() int           { return len(t) }
func (t tasks) Less(i, j int) bool { return t[i].due.Before(t[j].due) }
func (t tasks) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push implements heap.Interface.
func (t *tasks) Push(x any) {
	if one, ok := x.(task); ok {
		*t = append(*t, one)
	}
}

// Pop implements heap.Interface.
func (t *tasks) Pop() any {
	last := len(*t) - 1
	one := (*t)[last]
	(*t)[last] = task{}
	*t = (*t)[:last]
	return one
}
