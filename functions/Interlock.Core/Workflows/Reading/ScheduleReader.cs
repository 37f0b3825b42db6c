using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary><c>schedule.on</c> with one event filter or any of several; the other schedules are not run.</summary>
internal static class ScheduleReader
{
    public static EventConsumption? Read(JsonValue? schedule, TaskReader reader)
    {
        if (schedule is null) return null;
        foreach (var part in new[] { "every", "cron", "after" })
        {
            if (schedule[part] is not null)
                reader.Log.Error("unsupported", "/schedule/" + part, $"schedule.{part} is not run; let an event start the workflow with schedule.on, or a caller");
        }
        if (schedule["on"] is not { } on) return null;
        if (on["all"] is not null)
        {
            reader.Log.Error("unsupported", "/schedule/on/all", "schedule.on.all is not run; use one or any");
            return null;
        }
        return on["one"] is { } one
            ? new EventConsumption.One(Filter(one, "/schedule/on/one", reader))
            : new EventConsumption.Any([.. on["any"]!.Items.Select((filter, i) => Filter(filter, JsonPointer.Append("/schedule/on/any", i), reader))]); // the schema allows no other
    }

    private static EventFilter Filter(JsonValue filter, string pointer, TaskReader reader)
    {
        if (filter["correlate"] is not null) reader.Log.Error("unsupported", pointer + "/correlate", "correlate is not run; every matching event starts a run");
        var with = filter["with"]!; // required by the schema
        var type = with["type"]!; // required by the schema
        if (ExpressionReader.IsExpression(type))
            reader.Log.Error("expression", pointer + "/with/type", "the event's type must be written out: publishers are authorized by it");
        return new(type.AsString(), with.Without("type").Members.ToDictionary(
            attribute => attribute.Key,
            attribute => reader.Expressions.Template(attribute.Value, JsonPointer.Append(pointer + "/with", attribute.Key), []),
            StringComparer.Ordinal));
    }
}
