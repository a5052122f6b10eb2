package workerd

import (
	"sync"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/activities"
	"shiming/internal/config"
	"shiming/registration"
	"shiming/workflows"
)

// crew is the engine's workers of this process: one for registrations, clearings and payments, one for each lane, and one for each
// sort of message. That of the webhooks is their lane's too.
type crew []worker.Worker

// crew makes the workers. One that cannot go on says why to failed, which has room for each.
func (p *Process) crew(failed chan<- error) crew {
	give := func(options worker.Options) worker.Options {
		options.OnFatalError = func(err error) { failed <- err }
		options.WorkerStopTimeout = p.cfg.DrainWithin
		options.DeploymentOptions = p.version()
		options.Interceptors = []interceptor.WorkerInterceptor{&activities.Boundary{Log: p.log, Paced: paced(p.cfg.Pace)}}
		return options
	}
	main := worker.New(p.engine.Client(), p.cfg.TaskQueue, give(mainOptions(p.sizes)))
	workflows.Register(main)
	activities.Register(main, p.activities)
	all := crew{main}
	for _, lane := range registration.Lanes() {
		options := laneOptions(p.sizes, p.cfg.Pace, lane)
		if lane == registration.WebhookLane {
			options = withMessages(options, p.sizes)
		}
		w := worker.New(p.engine.Client(), lane.Of(p.cfg.TaskQueue), give(options))
		if lane == registration.WebhookLane {
			workflows.RegisterWebhooks(w)
		}
		activities.RegisterLane(w, lane, p.activities)
		all = append(all, w)
	}
	notices := worker.New(p.engine.Client(), registration.WorkflowQueue(registration.NoticesWorkflow, p.cfg.TaskQueue), give(noticeOptions(p.sizes)))
	workflows.RegisterNotices(notices)
	activities.RegisterNotices(notices, p.activities)
	return append(all, notices)
}

// mainOptions are of the worker that takes steps. Each step is a local activity that holds a connection.
func mainOptions(sizes config.FittedWorker) worker.Options {
	return worker.Options{
		WorkflowTaskPollerBehavior:              polling(sizes, 4),
		ActivityTaskPollerBehavior:              polling(sizes, 2),
		MaxConcurrentWorkflowTaskExecutionSize:  sizes.WorkflowTaskSlots,
		MaxConcurrentLocalActivityExecutionSize: sizes.LocalActivitySlots,
		MaxConcurrentActivityExecutionSize:      sizes.ActivitySlots,
	}
}

// laneOptions are of the worker of a lane. The pace is kept by the engine, over all workers that poll the lane: all must say
// the same.
func laneOptions(sizes config.FittedWorker, pace config.Pace, lane registration.Lane) worker.Options {
	return worker.Options{
		DisableWorkflowWorker:              true,
		ActivityTaskPollerBehavior:         polling(sizes, 2),
		MaxConcurrentActivityExecutionSize: sizes.ActivitySlots,
		TaskQueueActivitiesPerSecond:       paces(pace)[lane],
	}
}

// messagesAtOnce is how many workflows of notices, and as many of webhooks, have a task under way, which may include the first try:
// enough for providers that answer within a second, and few beside the registrations' own.
const messagesAtOnce = 16

// noticeOptions are of the worker that has notices delivered. What their first try leaves is done by the lanes.
func noticeOptions(sizes config.FittedWorker) worker.Options {
	return withMessages(worker.Options{LocalActivityWorkerOnly: true}, sizes)
}

// withMessages has a worker run workflows of messages.
func withMessages(options worker.Options, sizes config.FittedWorker) worker.Options {
	few := sizes
	few.Pollers = max(1, min(sizes.Pollers, messagesAtOnce/4))
	options.DisableWorkflowWorker = false
	options.WorkflowTaskPollerBehavior = polling(few, 2)
	options.MaxConcurrentWorkflowTaskExecutionSize = messagesAtOnce
	options.MaxConcurrentLocalActivityExecutionSize = messagesAtOnce
	return options
}

// paces is how many calls a second each lane takes; 0 or none: as many as come.
func paces(pace config.Pace) map[registration.Lane]float64 {
	return map[registration.Lane]float64{
		registration.BankLane: pace.Bank, registration.TransferLane: pace.Transfers,
		registration.SMSLane: pace.SMS, registration.EmailLane: pace.Mails,
	}
}

// paced are the lanes that have a pace.
func paced(pace config.Pace) (lanes []registration.Lane) {
	for _, lane := range registration.Lanes() {
		if paces(pace)[lane] > 0 {
			lanes = append(lanes, lane)
		}
	}
	return lanes
}

// polling keeps few polls open while little comes, and as many as are set when the engine says that more would help.
func polling(sizes config.FittedWorker, atFirst int) worker.PollerBehavior {
	return worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: min(atFirst, sizes.Pollers), MinimumNumberOfPollers: min(2, sizes.Pollers), MaximumNumberOfPollers: sizes.Pollers,
	})
}

// version names this build to the engine, if the operator does. A registration lasts weeks and outlives releases: it goes on
// with the version that is current, and patches keep its history replayable.
func (p *Process) version() worker.DeploymentOptions {
	if p.cfg.Deployment == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: p.cfg.Deployment, BuildID: p.cfg.BuildID},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// start starts all workers, or none.
func (c crew) start() error {
	for i, w := range c {
		if err := w.Start(); err != nil {
			c[:i].stop()
			return err
		}
	}
	return nil
}

// stop drains the workers side by side.
func (c crew) stop() {
	var all sync.WaitGroup
	for _, w := range c {
		all.Go(w.Stop)
	}
	all.Wait()
}
