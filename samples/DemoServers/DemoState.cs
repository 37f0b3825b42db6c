using System.Globalization;
using Interlock.Json;

namespace Interlock.Samples.DemoServers;

/// <summary>What the demo servers know, in memory: every call they received, the services, the changes and the messages. Thread-safe.</summary>
public sealed class DemoState
{
    private readonly Lock _lock = new();
    private readonly List<DemoCall> _calls = [];
    private readonly List<DemoChange> _changes = [];
    private readonly List<JsonValue> _logEntries = [];
    private readonly List<JsonValue> _messages = [];
    private readonly Dictionary<string, string> _services = new(StringComparer.Ordinal)
    {
        ["checkout"] = "release 412, 3 instances",
        ["payments"] = "release 98, 4 instances",
        ["search"] = "release 77, 6 instances",
    };

    /// <summary>Every call, in the order received, repeats included.</summary>
    public IReadOnlyList<DemoCall> Calls => Copy(_calls);

    /// <summary>Every change made, reverted ones included.</summary>
    public IReadOnlyList<DemoChange> Changes => Copy(_changes);

    public IReadOnlyList<JsonValue> LogEntries => Copy(_logEntries);

    public IReadOnlyList<JsonValue> Messages => Copy(_messages);

    /// <summary>The state of a service, such as <c>release 412, 3 instances</c>; null for one that does not exist.</summary>
    public string? Service(string name)
    {
        lock (_lock) return _services.GetValueOrDefault(name);
    }

    internal void Record(DemoCall call) => Add(_calls, call);

    internal int AddLogEntry(JsonValue entry) => Add(_logEntries, entry);

    internal int AddMessage(JsonValue message) => Add(_messages, message);

    /// <summary>Changes a service; null when it does not exist.</summary>
    internal DemoChange? Apply(string service, string action, string ticket)
    {
        lock (_lock)
        {
            if (!_services.TryGetValue(service, out var previous)) return null;
            var current = After(action, previous);
            var change = new DemoChange($"CHG-{1001 + _changes.Count}", service, action, ticket, previous, current, Reverted: false);
            _services[service] = current;
            _changes.Add(change);
            return change;
        }
    }

    /// <summary>Puts the service back to where it was before the change; null when there is no such change.</summary>
    internal DemoChange? Revert(string changeId)
    {
        lock (_lock)
        {
            var at = _changes.FindIndex(change => change.Id == changeId);
            if (at < 0) return null;
            _changes[at] = _changes[at] with { Reverted = true };
            _services[_changes[at].Service] = _changes[at].Previous;
            return _changes[at];
        }
    }

    private static string After(string action, string previous)
    {
        var numbers = previous.Split(' ', ',').Where(word => int.TryParse(word, out _)).Select(word => int.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return action switch
        {
            "rollback_release" => $"release {numbers[0] - 1}, {numbers[1]} instances",
            "scale_out" => $"release {numbers[0]}, {numbers[1] * 2} instances",
            _ => previous,
        };
    }

    private int Add<T>(List<T> list, T item)
    {
        lock (_lock)
        {
            list.Add(item);
            return list.Count;
        }
    }

    private T[] Copy<T>(List<T> list)
    {
        lock (_lock) return [.. list];
    }
}
