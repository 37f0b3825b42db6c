using System.Collections.Immutable;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Turns a frame into a gate: the request, the command that opens its row, and the timer of its expiry.</summary>
internal static class GateOpening
{
    /// <param name="machine">The machine.</param>
    /// <param name="frame">The frame that waits for the decision.</param>
    /// <param name="name">Tells a frame's gates apart; empty for the gate of an approval task.</param>
    /// <param name="people">Who is asked.</param>
    /// <param name="title">What they see first.</param>
    /// <param name="description">What else they see.</param>
    /// <param name="covers">What they grant.</param>
    /// <param name="more">What else is asked, on a request with these members set.</param>
    public static void Open(
        Machine machine, Frame frame, string name, GatePeople people, string title, string? description, ImmutableArray<CoveredCall> covers,
        Func<GateRequest, GateRequest> more)
    {
        var effect = machine.NewEffect(frame.Id, Named("gate", name));
        var request = more(new GateRequest(
            new GateId(effect.Value), frame.Path, title, description, people.Approvers, people.Quorum, people.ExcludeInitiator, people.ExcludeAuthor,
            machine.Now + people.ExpiresAfter, covers)
        {
            OnExpiry = people.OnExpiry,
            Also = people.Also,
        });
        frame = machine.Update(frame with { State = new FrameState.Gate(request) });
        machine.Issue(new Command.OpenApproval(effect, frame.Id, request));
        machine.StartTimer(frame, request.ExpiresAt, TimerPurpose.GateExpiry, Named("expiry", name));
    }

    /// <summary>The text of a gate.</summary>
    /// <exception cref="FormatException">It is no text, or empty.</exception>
    public static string Text(Machine machine, Frame frame, Template template)
    {
        var value = template.Evaluate(frame.Input, machine.Scope(frame));
        return value.StringOrNull() is { Length: > 0 } text ? text : throw new FormatException("A gate's title and description are texts, and not empty.");
    }

    private static string Named(string purpose, string name) => name.Length == 0 ? purpose : $"{purpose}:{name}";
}
