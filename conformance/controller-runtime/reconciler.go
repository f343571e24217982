package main

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/recorder"
)

const finalizer = "operators.example.com/tidy"

// reconciler gives each gadget its ConfigMaps, and says so in its status.
type reconciler struct {
	client   client.Client
	recorder recorder.EventRecorder

	lock   sync.Mutex
	runs   map[string]int
	tidied map[string]bool
}

func newReconciler(manager ctrl.Manager) *reconciler {
	return &reconciler{client: manager.GetClient(), recorder: manager.GetEventRecorder("gadgets"), runs: map[string]int{}, tidied: map[string]bool{}}
}

func (r *reconciler) setUp(ctx context.Context, manager ctrl.Manager) error {
	byOwner := func(object client.Object) []string { return []string{object.(*Gadget).Spec.Owner} }
	if err := manager.GetFieldIndexer().IndexField(ctx, &Gadget{}, "spec.owner", byOwner); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(manager).
		For(&Gadget{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&corev1.ConfigMap{}).
		Complete(r)
}

func (r *reconciler) runsOf(name string) int {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.runs[name]
}

func (r *reconciler) hasTidied(name string) bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.tidied[name]
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	r.lock.Lock()
	r.runs[request.Name]++
	r.lock.Unlock()
	gadget := &Gadget{}
	if err := r.client.Get(ctx, request.NamespacedName, gadget); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !gadget.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.tidy(ctx, gadget)
	}
	if controllerutil.AddFinalizer(gadget, finalizer) {
		if err := r.client.Update(ctx, gadget); err != nil {
			return ctrl.Result{}, err
		}
	}
	for index := range gadget.Spec.Size {
		if err := r.makePart(ctx, gadget, fmt.Sprintf("%s-%d", gadget.Name, index)); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.writeStatus(ctx, gadget)
}

func (r *reconciler) tidy(ctx context.Context, gadget *Gadget) error {
	r.lock.Lock()
	r.tidied[gadget.Name] = true
	r.lock.Unlock()
	if !controllerutil.RemoveFinalizer(gadget, finalizer) {
		return nil
	}
	return client.IgnoreNotFound(r.client.Update(ctx, gadget))
}

func (r *reconciler) makePart(ctx context.Context, gadget *Gadget, name string) error {
	part := configMap(gadget.Namespace, name)
	result, err := controllerutil.CreateOrUpdate(ctx, r.client, part, func() error {
		part.Data = map[string]string{"color": gadget.Spec.Color}
		return controllerutil.SetControllerReference(gadget, part, scheme)
	})
	if err == nil && result == controllerutil.OperationResultCreated {
		r.recorder.Eventf(gadget, part, corev1.EventTypeNormal, "PartMade", "Make", "made %s", name)
	}
	return err
}

// The first status is an update, each later one a patch.
func (r *reconciler) writeStatus(ctx context.Context, gadget *Gadget) error {
	before := gadget.DeepCopyObject().(*Gadget)
	isFirst := gadget.Status.ObservedGeneration == 0
	gadget.Status.Made = gadget.Spec.Size
	gadget.Status.ObservedGeneration = gadget.Generation
	meta.SetStatusCondition(&gadget.Status.Conditions, metav1.Condition{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Made", ObservedGeneration: gadget.Generation})
	if isFirst {
		return r.client.Status().Update(ctx, gadget)
	}
	return r.client.Status().Patch(ctx, gadget, client.MergeFrom(before))
}
