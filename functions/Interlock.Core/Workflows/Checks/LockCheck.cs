using System.Collections.Immutable;
using Interlock.Core.Workflows.Reading;

namespace Interlock.Core.Workflows.Checks;

/// <summary>
/// What the document's locks say of each other: the same name with different places is an error; two that are taken in both orders can wait for each other until a timeout,
/// and one that is held while people decide keeps others out for as long. Computed names are compared as they are written.
/// </summary>
internal static class LockCheck
{
    public static void Run(WorkflowDefinition definition, FindingLog log)
    {
        var places = new Dictionary<string, TaskDefinition>(StringComparer.Ordinal);
        var orders = new Dictionary<(string Outer, string Inner), TaskDefinition>();
        foreach (var task in definition.Tasks.Tasks) Task(task, [], places, orders, log);
    }

    private static void Task(TaskDefinition task, ImmutableArray<TaskDefinition> around, Dictionary<string, TaskDefinition> places, Dictionary<(string, string), TaskDefinition> orders, FindingLog log)
    {
        if (task.Lock is { } wanted)
        {
            var name = Written(wanted);
            if (!places.TryAdd(name, task) && places[name].Lock!.Places != wanted.Places) // only tasks with one are in it
                log.Error("lock", task.Path.Value, $"'{places[name].Name}' says the lock '{Quote.Short(name)}' has {places[name].Lock!.Places} places, and '{task.Name}' says {wanted.Places}; all who name it say the same number");
            foreach (var outer in around.Where(outer => Written(outer.Lock!) != name)) // the same
            {
                orders.TryAdd((Written(outer.Lock!), name), task);
                if (orders.TryGetValue((name, Written(outer.Lock!)), out var other))
                    log.Warn("lock", task.Path.Value, $"'{task.Name}' takes the lock '{Quote.Short(name)}' while it holds '{Quote.Short(Written(outer.Lock!))}', and '{other.Name}' the other way round: two runs can wait for each other until one is out of time");
            }
            around = around.Add(task);
        }
        if (task is ApprovalTask && around is [.., var holder])
            log.Warn("lock", task.Path.Value, $"while people decide on '{task.Name}', the lock '{Quote.Short(Written(holder.Lock!))}' is held, and others wait; put the gate outside of it");
        if (task is RunTask && around is [.., var held])
            log.Warn("lock", task.Path.Value, $"the run that '{task.Name}' starts does not hold the lock '{Quote.Short(Written(held.Lock!))}': its calls carry no number of it, and one that is given up goes on undoing after the lock was given back; take the lock in that workflow");
        foreach (var child in TaskTree.Children(task)) Task(child, around, places, orders, log);
    }

    private static string Written(TaskLock wanted) => wanted.Name switch
    {
        Template.Literal { Value: var value } => value.StringOrNull() ?? "",
        Template.Computed { Expression: var expression } => $"${{{expression.Source}}}",
        _ => "",
    };
}
