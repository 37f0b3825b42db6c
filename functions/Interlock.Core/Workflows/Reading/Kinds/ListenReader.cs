using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class ListenReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var listen = step.Source["listen"]!; // the task's kind says it is there
        return new ListenTask
        {
            Path = step.TaskPath,
            To = EventReader.Consumption(reader, listen["to"]!, step.Path + "/listen/to", step.Around.Variables, ArgumentsAt.Task), // required by the schema
            Read = listen["read"]?.AsString() switch
            {
                "envelope" => EventReading.Envelope,
                "raw" => EventReading.Raw,
                _ => EventReading.Data,
            },
            Each = step.Source["foreach"] is { } each ? Each(reader, step, each, step.Path + "/foreach") : null,
        };
    }

    private static ListenIteration Each(TaskReader reader, Step step, JsonValue each, string at)
    {
        var (item, index) = (each["item"]?.AsString() ?? "item", each["at"]?.AsString() ?? "index");
        Variables.CheckLoop(reader, step, "/foreach", "item", item, index);
        var inside = step.Around.With(item, index);
        return new ListenIteration
        {
            Item = item,
            At = index,
            Tasks = each["do"] is { } list ? reader.List(list, at + "/do", inside) : new TaskList(new TaskPath(at + "/do"), []),
            OutputAs = reader.Expressions.BareTemplate(each["output"]?["as"], at + "/output/as", inside.Variables),
            OutputSchema = reader.Schema(each["output"], at + "/output"),
            ExportAs = reader.Expressions.BareTemplate(each["export"]?["as"], at + "/export/as", inside.Variables, ArgumentsAt.Export),
            ExportSchema = reader.Schema(each["export"], at + "/export"),
        };
    }
}
