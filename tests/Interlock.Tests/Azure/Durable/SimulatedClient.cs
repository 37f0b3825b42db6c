using DurableTask.Core.Exceptions;
using Grpc.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// The client as the Functions worker gives it, with the host's <c>overridableExistingInstanceStates: NonRunningStates</c> and
/// <c>throwStatusExceptionsOnRaiseEvent: false</c>. Waiting is the test's: it steps the simulator.
/// </summary>
internal sealed class SimulatedClient(DurableSimulator simulator) : DurableTaskClient("simulated")
{
    private static readonly OrchestrationRuntimeStatus[] Unfinished =
        [OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended];

    public override Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        var instanceId = options?.InstanceId ?? simulator.NewName();
        if (instanceId.Length is 0 or > 256 || instanceId[0] == '@' || instanceId.Any(c => char.IsControl(c) || "/\\#?".Contains(c, StringComparison.Ordinal)))
        {
            throw new ArgumentException($"'{instanceId}' is no instance id.", nameof(options));
        }

        var payload = Payloads.Write(input);
        MakeRoom(instanceId, options?.DedupeStatuses);
        simulator.Create(instanceId, orchestratorName, payload, options?.StartAt);
        return Task.FromResult(instanceId);
    }

    public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        simulator.Post(new(instanceId, null, new HistoryEvent.EventRaised(eventName, Payloads.Write(eventPayload))));
        return Task.CompletedTask;
    }

    public override Task TerminateInstanceAsync(string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        Manage(instanceId, new HistoryEvent.ExecutionTerminated(Payloads.Write(options?.Output)), cancellation);
        return Task.CompletedTask;
    }

    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        Manage(instanceId, new HistoryEvent.ExecutionSuspended(), cancellation);
        return Task.CompletedTask;
    }

    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        Manage(instanceId, new HistoryEvent.ExecutionResumed(), cancellation);
        return Task.CompletedTask;
    }

    public override Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(simulator.Find(instanceId)?.Describe(getInputsAndOutputs));
    }

    public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        Expect(instanceId, instance => instance.Status != OrchestrationRuntimeStatus.Pending, getInputsAndOutputs);

    public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        Expect(instanceId, instance => instance.IsOver, getInputsAndOutputs);

    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null) => new Found(simulator, filter ?? new());

    /// <summary>Azure Storage purges an instance whatever its status is.</summary>
    public override Task<PurgeResult> PurgeInstanceAsync(string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(new PurgeResult(simulator.Delete(instanceId) ? 1 : 0));
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Without statuses an instance that is not over stays; with statuses, one of a status that is not named is replaced, running or not.</summary>
    private void MakeRoom(string instanceId, IReadOnlyList<string>? kept)
    {
        var statuses = kept?.Select(status => Enum.Parse<OrchestrationRuntimeStatus>(status, ignoreCase: true)).ToList() ?? [.. Unfinished];
        if (statuses.Contains(OrchestrationRuntimeStatus.Terminated) && Unfinished.Except(statuses).Any())
        {
            throw new ArgumentException("A running instance would be terminated, and a terminated one may not be replaced.", nameof(kept));
        }

        if (simulator.Find(instanceId) is not { } existing)
        {
            return;
        }

        if (statuses.Contains(existing.Status))
        {
            throw new OrchestrationAlreadyExistsException($"An Orchestration instance with the ID {instanceId} already exists.");
        }

        if (!existing.IsOver)
        {
            existing.Terminate(null, simulator.Time.Now);
        }
    }

    private void Manage(string instanceId, HistoryEvent request, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var instance = simulator.Find(instanceId) ?? throw new RpcException(new(StatusCode.NotFound, $"No instance with ID '{instanceId}' was found."));
        if (instance.IsOver)
        {
            throw new RpcException(new(StatusCode.FailedPrecondition, $"The instance {instanceId} is in the {instance.Status} state."));
        }

        simulator.Post(new(instanceId, null, request));
    }

    private Task<OrchestrationMetadata> Expect(string instanceId, Func<Instance, bool> reached, bool withData) =>
        simulator.Find(instanceId) is { } instance && reached(instance)
            ? Task.FromResult(instance.Describe(withData))
            : throw new InvalidOperationException($"The instance {instanceId} is not there yet: step the simulator first.");

    private sealed class Found(DurableSimulator simulator, OrchestrationQuery query) : AsyncPageable<OrchestrationMetadata>
    {
        public override async IAsyncEnumerable<Page<OrchestrationMetadata>> AsPages(string? continuationToken = null, int? pageSizeHint = null)
        {
            await Task.CompletedTask;
            var found = simulator.All()
                .Where(instance => query.Statuses?.Contains(instance.Status) ?? true)
                .Where(instance => query.InstanceIdPrefix is null || instance.InstanceId.StartsWith(query.InstanceIdPrefix, StringComparison.Ordinal))
                .Where(instance => query.CreatedFrom is null || instance.CreatedAt >= query.CreatedFrom)
                .Where(instance => query.CreatedTo is null || instance.CreatedAt <= query.CreatedTo)
                .Where(instance => string.CompareOrdinal(instance.InstanceId, continuationToken ?? query.ContinuationToken) > 0);
            foreach (var page in found.Chunk(pageSizeHint ?? query.PageSize))
            {
                yield return new([.. page.Select(instance => instance.Describe(query.FetchInputsAndOutputs))], page[^1].InstanceId);
            }
        }
    }
}
