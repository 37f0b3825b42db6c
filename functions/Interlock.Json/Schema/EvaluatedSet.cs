namespace Interlock.Json.Schema;

/// <summary>Which members or items of one instance some keyword has evaluated, by their place in it.</summary>
internal sealed class EvaluatedSet(int count)
{
    private readonly ulong[] _bits = new ulong[(count + 63) / 64];

    public bool this[int index] => (_bits[index >> 6] >> (index & 63) & 1) != 0;

    public void Mark(int index) => _bits[index >> 6] |= 1UL << (index & 63);

    public void MarkAll() => Array.Fill(_bits, ulong.MaxValue);

    public void Add(EvaluatedSet other)
    {
        for (var i = 0; i < _bits.Length; i++) _bits[i] |= other._bits[i];
    }
}
