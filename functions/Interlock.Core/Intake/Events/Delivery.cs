namespace Interlock.Core.Intake.Events;

/// <summary>To whom an event was delivered so far: to the workflows that start by it, then to the runs that listen, then, where a run emitted it, outside.</summary>
/// <param name="Stage">What is to be done next.</param>
/// <param name="After">The listener that was told last; null for none.</param>
internal sealed record Delivery(DeliveryStage Stage, string? After = null)
{
    public static Delivery Begun { get; } = new(DeliveryStage.Workflows);
}

internal enum DeliveryStage
{
    Workflows,

    /// <summary>Runs that listen to events of its type.</summary>
    Listeners,

    /// <summary>Runs that listen to any event.</summary>
    AnyListeners,

    Outside,

    Done,
}
