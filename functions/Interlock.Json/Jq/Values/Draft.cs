namespace Interlock.Json.Jq;

/// <summary>
/// A value under change: what several paths change is opened once and put together again at the end, so that an update
/// of n places costs about n. Owned by one running update.
/// </summary>
internal sealed class Draft(JsonValue start)
{
    private JsonValue? _value = start; // null while open
    private List<Draft>? _items;
    private Dictionary<string, Draft>? _members;
    private List<string>? _names;
    private bool _isFirst = true;

    public JsonValue? Get(JqMachine machine, ReadOnlySpan<JsonValue> keys)
    {
        var draft = this;
        while (!keys.IsEmpty && draft.Inner(keys[0]) is { } inner)
        {
            draft = inner;
            keys = keys[1..];
        }
        JsonValue? value = draft.ToValue(machine);
        for (; !keys.IsEmpty && value is not null; keys = keys[1..]) value = JqPaths.Get(machine, value, keys[0]);
        return value;
    }

    /// <summary>False after <see cref="JqMachine.Fail"/>.</summary>
    public bool Set(JqMachine machine, ReadOnlySpan<JsonValue> keys, JsonValue value)
    {
        var draft = this;
        if (_isFirst && _value is { } whole)
        {
            // Most updates have one place only; opening everything on the way would cost more than it saves.
            _isFirst = false;
            _value = JqPaths.SetPath(machine, whole, keys, value) ?? whole;
            return !machine.HasFailed;
        }
        while (!keys.IsEmpty)
        {
            draft.Open(machine);
            if (draft.Inner(keys[0]) is not { } inner) break;
            draft = inner;
            keys = keys[1..];
        }
        if (JqPaths.SetPath(machine, keys.IsEmpty ? JsonValue.Null : draft.ToValue(machine), keys, value) is not { } changed) return false;
        draft.Close(changed);
        return true;
    }

    public JsonValue ToValue(JqMachine machine)
    {
        if (_value is { } value) return value;
        JsonValue built;
        if (_items is { } items) built = JsonValue.Array(items.Select(item => item.ToValue(machine)));
        else
        {
            built = JsonValue.EmptyObject;
            foreach (var name in _names!) built = built.With(name, _members![name].ToValue(machine)); // open means items or members
        }
        Close(machine.Built(built, built.Count));
        return built;
    }

    /// <summary>An item or member of an open draft; null where there is none yet or the key is of another kind.</summary>
    private Draft? Inner(JsonValue key)
    {
        if (_members is not null && key.IsString) return _members.GetValueOrDefault(key.AsString());
        if (_items is null || !key.IsNumber) return null;
        var number = Math.Truncate(key.AsNumber());
        if (number < 0) number += _items.Count;
        return number >= 0 && number < _items.Count ? _items[(int)number] : null;
    }

    private void Open(JqMachine machine)
    {
        if (_value is not { Count: > 0 } value || value.IsString) return;
        machine.CountWork(value.Count);
        machine.CountBytes(64L * value.Count);
        if (value.IsArray) _items = [.. value.Items.Select(item => new Draft(item))];
        else
        {
            _names = [.. value.Members.Names];
            _members = value.Members.ToDictionary(member => member.Key, member => new Draft(member.Value), StringComparer.Ordinal);
        }
        _value = null;
    }

    private void Close(JsonValue value) => (_value, _items, _members, _names) = (value, null, null, null);
}
