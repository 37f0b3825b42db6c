using System.Collections.Immutable;
using Interlock.Core.Runs.Tasks;

namespace Interlock.Core.Runs;

/// <summary>
/// Locks that are granted, and given back. A place stays the run's for as long as something done under it may still be at work: what was interrupted has to settle or to
/// pass its deadline first. The run's own, of its workflow's concurrency, stays until the run is closed.
/// </summary>
internal sealed partial class Machine
{
    /// <summary>The run's own lock, which doesn't keep the run from closing.</summary>
    private int OwnLocks => _state.Locks?.Values.Any(held => held.Frame == FrameId.Root) == true ? 1 : 0;

    /// <summary>Whether a frame around this one holds the lock: what stands in it has it already.</summary>
    public bool HasLock(FrameId frame, string name) => _state.LocksAround(frame).Any(held => held.Value.Name == name);

    private void LockGranted(RunEvent.LockGranted granted)
    {
        var locks = _state.Locks ?? ImmutableSortedDictionary<EffectId, HeldLock>.Empty;
        if (!_pending.TryGetValue(granted.Effect, out var command) || command is not Command.HoldLock hold || locks.ContainsKey(hold.Id)) return;
        if (Find(hold.Frame) is not { } frame) return;
        _state = _state with { Locks = locks.Add(hold.Id, new HeldLock(hold.Frame, hold.Name, granted.Fence)) };
        Guarded(frame.Id, () => LockExecutor.Granted(this, frame));
    }

    /// <summary>One that is waited for is given up at once.</summary>
    private void LeaveLock(EffectId id)
    {
        if (_state.Locks?.GetValueOrDefault(id) is { } held) _state = _state with { Locks = _state.Locks.SetItem(id, held with { IsLeaving = true }) };
        else _pending.Remove(id);
    }

    /// <summary>After every event: what has no frame any more, and nothing at work beneath it, is given back.</summary>
    private void GiveLocksBack()
    {
        foreach (var (id, held) in _state.Locks ?? ImmutableSortedDictionary<EffectId, HeldLock>.Empty)
        {
            if (held.Frame == FrameId.Root || (!held.IsLeaving && _frames.ContainsKey(held.Frame)) || _state.Abandoned.Values.Any(abandoned => held.IsAround(abandoned.Call.Frame))) continue;
            _pending.Remove(id);
            _state = _state with { Locks = _state.Locks!.Count == 1 ? null : _state.Locks.Remove(id) }; // it holds this one
        }
    }
}
