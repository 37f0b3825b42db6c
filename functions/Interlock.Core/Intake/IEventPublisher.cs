namespace Interlock.Core.Intake;

/// <summary>Where events of ours go. An event has an id of its own that stays when it is published again, so receivers can tell.</summary>
public interface IEventPublisher
{
    /// <summary>Whether the event was accepted. A failure is reported in the implementation's log and is false: nothing waits for receivers.</summary>
    Task<bool> PublishAsync(CloudEvent happened, CancellationToken cancellationToken = default);
}
