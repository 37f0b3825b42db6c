namespace Interlock.Functions.Storage;

/// <summary>
/// A write was sent more than once and refused at last, and what is stored now doesn't tell whether an earlier attempt took effect:
/// read again and decide from what is there.
/// </summary>
internal sealed class OutcomeUnknownException(string table, Exception refusal) : Exception(
    $"A write to table '{table}' was repeated after a lost answer and then refused; whether its first attempt took effect can't be told. Read again.", refusal);
