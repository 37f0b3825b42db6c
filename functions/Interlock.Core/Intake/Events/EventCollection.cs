using System.Collections.Immutable;

namespace Interlock.Core.Intake.Events;

/// <summary>Events that wait for the others of their workflow's <c>schedule.on.all</c>.</summary>
/// <param name="Slots">For each filter the rows of the events that came for it, oldest first.</param>
/// <param name="Starting">Full sets, whose runs are yet to be started.</param>
internal sealed record EventCollection(ImmutableArray<ImmutableArray<string>> Slots, ImmutableArray<ImmutableArray<string>> Starting)
{
    /// <summary>How many events may wait for one filter.</summary>
    public const int MaxWaiting = 100;

    public static EventCollection Empty(int filters) => new([.. Enumerable.Repeat(ImmutableArray<string>.Empty, filters)], []);

    public bool IsEmpty => Starting.IsEmpty && Slots.All(slot => slot.IsEmpty);

    /// <summary>With one more event, in the first of the filters it fits that has none; null where too many wait. A set that is full moves on.</summary>
    public EventCollection? Add(IReadOnlyList<int> fitting, string row)
    {
        var slot = fitting.Where(i => Slots[i].IsEmpty).DefaultIfEmpty(fitting[0]).First();
        if (Slots[slot].Length >= MaxWaiting) return null;
        var slots = Slots.SetItem(slot, Slots[slot].Add(row));
        return slots.Any(one => one.IsEmpty)
            ? this with { Slots = slots }
            : new EventCollection([.. slots.Select(one => one.RemoveAt(0))], Starting.Add([.. slots.Select(one => one[0])]));
    }

    /// <summary>Without what is no longer kept.</summary>
    public EventCollection Without(Func<string, bool> isOld) => this with { Slots = [.. Slots.Select(slot => slot.RemoveAll(row => isOld(row)))] };
}
