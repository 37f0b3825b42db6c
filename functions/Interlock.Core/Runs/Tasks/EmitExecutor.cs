using System.Globalization;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Publishes an event, once: its id is the effect's unless the document gives one. The task's output is the event.</summary>
internal static class EmitExecutor
{
    private const int MaxAttribute = 1024;

    public static void Enter(Machine machine, Frame frame, EmitTask task)
    {
        var id = machine.NewEffect(frame.Id, "emit");
        machine.Issue(new Command.EmitEvent(id, frame.Id, task.Path, Complete(task.Event.Evaluate(frame.Input, machine.Scope(frame)), id, machine.Now)));
    }

    /// <summary>The CloudEvent with what it needs; attributes that were computed to null are left out.</summary>
    /// <exception cref="FormatException">It is no CloudEvent.</exception>
    private static JsonValue Complete(JsonValue written, EffectId id, DateTimeOffset now)
    {
        var happened = JsonValue.Object(written.Members.Where(member => member.Key == "data" || member.Value.Kind != JsonKind.Null))
            .With("specversion", "1.0");
        if (happened["id"] is null) happened = happened.With("id", id.Value);
        if (happened["time"] is null) happened = happened.With("time", FrameScope.Iso(now));
        foreach (var name in (ReadOnlySpan<string>)["id", "source", "type"])
            if (happened[name] is null) throw new FormatException($"An event needs the attribute '{name}'.");
        foreach (var (name, value) in happened.Members.Where(member => member.Key != "data")) Check(name, value);
        return happened;
    }

    private static void Check(string name, JsonValue value)
    {
        if (name is "id" or "source" or "type" or "subject" or "time" or "datacontenttype" or "dataschema")
        {
            if (value.StringOrNull() is not { Length: > 0 and <= MaxAttribute } text) throw new FormatException($"An event's '{name}' is a text of 1 to {MaxAttribute} characters.");
            if (name == "time" && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _)) throw new FormatException("An event's 'time' is an RFC 3339 time.");
        }
        else if (!value.IsBoolean && !(value.IsNumber && double.IsInteger(value.AsNumber())) && value.StringOrNull() is not { Length: <= MaxAttribute })
        {
            throw new FormatException($"An event's attribute '{name}' is a text of at most {MaxAttribute} characters, a whole number or a boolean; other values belong into its data.");
        }
    }
}
